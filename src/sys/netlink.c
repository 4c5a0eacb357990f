#include "sys/netlink.h"

#include "base/fail.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

int netlink_open(void)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		fail_sys("netlink socket");
	return fd;
}

static void *grow(struct request *r, size_t size)
{
	size_t at = NLMSG_ALIGN(r->head.nlmsg_len);
	if (at + size > sizeof *r)
		fail("netlink: a request that is too long");
	r->head.nlmsg_len = (uint32_t) (at + size);
	return (char *) r + at;
}

struct request netlink_request(int type, int flags, const void *body, size_t size)
{
	struct request r = { .head = { .nlmsg_len = NLMSG_HDRLEN,
				       .nlmsg_type = (uint16_t) type,
				       .nlmsg_flags = (uint16_t) (NLM_F_REQUEST | NLM_F_ACK | flags) } };
	memcpy(grow(&r, size), body, size);
	return r;
}

void netlink_put(struct request *r, int attribute, const void *value, size_t size)
{
	struct rtattr head = { (unsigned short) RTA_LENGTH(size), (unsigned short) attribute };
	char *at = grow(r, RTA_LENGTH(size));

	memcpy(at, &head, sizeof head);
	memcpy(at + RTA_LENGTH(0), value, size);
}

void netlink_put_number(struct request *r, int attribute, int value)
{
	netlink_put(r, attribute, &value, sizeof value);
}

/* 0: the last word was a good one; -1 and errno: a bad one; 1: there is more to come. */
static int read_answers(const char *at, size_t left, void (*hear)(const struct nlmsghdr *, void *), void *context)
{
	for (const struct nlmsghdr *m = (const void *) at; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
		if (m->nlmsg_type == NLMSG_ERROR || m->nlmsg_type == NLMSG_DONE) {
			const int *error = NLMSG_DATA(m); /* both begin with it */
			errno = -*error;
			return *error ? -1 : 0;
		}
		if (hear)
			hear(m, context);
	}
	return 1;
}

int try_netlink(int sock, struct request *r, void (*hear)(const struct nlmsghdr *, void *), void *context)
{
	char answer[32768] __attribute__((aligned(8))); /* the kernel makes none larger */
	int result = 1;

	if (send(sock, r, r->head.nlmsg_len, 0) < 0)
		return -1;
	while (result > 0) {
		ssize_t n = recv(sock, answer, sizeof answer, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		result = read_answers(answer, (size_t) n, hear, context);
	}
	return result;
}

const void *netlink_attribute(const struct nlmsghdr *m, size_t body, int attribute, size_t *size)
{
	const struct rtattr *a = (const void *) ((const char *) m + NLMSG_SPACE(body));
	size_t left = m->nlmsg_len > NLMSG_SPACE(body) ? m->nlmsg_len - NLMSG_SPACE(body) : 0;

	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if (a->rta_type == attribute) {
			*size = RTA_PAYLOAD(a);
			return RTA_DATA(a);
		}
	return NULL;
}
