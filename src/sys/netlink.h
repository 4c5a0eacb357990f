/* Questions to the kernel about network interfaces: rtnetlink(7).  A socket speaks of the network namespace that it was
 * made in. */
#pragma once
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>

struct request {
	struct nlmsghdr head;
	char body[1024];
};

int netlink_open(void);

/* type: RTM_*; flags: NLM_F_* beside NLM_F_REQUEST; body: the struct that goes with the type. */
struct request netlink_request(int type, int flags, const void *body, size_t size);
void netlink_put(struct request *, int attribute, const void *value, size_t size);
void netlink_put_number(struct request *, int attribute, int value);

/* Asks, and calls `hear` for each answer before the last word.  0, or -1 and errno. */
int try_netlink(int sock, struct request *, void (*hear)(const struct nlmsghdr *, void *), void *context);

/* An attribute's value behind the body, and its size; NULL: it has none. */
const void *netlink_attribute(const struct nlmsghdr *, size_t body, int attribute, size_t *size);
