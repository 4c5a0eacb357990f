#include "sys/netdev.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "sys/netlink.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

void loopback_up(void)
{
	struct ifreq r = { .ifr_name = "lo" };
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &r) < 0)
		fail_sys("interface lo of the network namespace");
	if (r.ifr_flags & IFF_UP)
		return;
	r.ifr_flags |= IFF_UP;
	if (ioctl(fd, SIOCSIFFLAGS, &r) < 0)
		fail_sys("set interface lo up (this needs CAP_NET_ADMIN over the network namespace)");
}

/* A network namespace, and a netlink socket of it. */
struct net {
	int fd, sock;
};

/* An interface that has to be moved, as it was. */
struct moving {
	const char *name;
	int index;
	bool up;
	struct nlmsghdr **addresses;
	int index_there;
	struct net here, there;
};

struct link {
	int index;
	unsigned flags;
};

static void hear_link(const struct nlmsghdr *m, void *link)
{
	const struct ifinfomsg *i = NLMSG_DATA(m);
	if (m->nlmsg_type == RTM_NEWLINK)
		*(struct link *) link = (struct link){ i->ifi_index, i->ifi_flags };
}

/* By name, or by index where that is NULL.  Index 0: there is none. */
static struct link link_find(int sock, const char *name, int index)
{
	struct ifinfomsg i = { .ifi_index = index };
	struct request r = netlink_request(RTM_GETLINK, 0, &i, sizeof i);
	struct link link = { 0 };

	if (name)
		netlink_put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	if (try_netlink(sock, &r, hear_link, &link) < 0 && errno != ENODEV)
		fail_sys("interface %s", name ? name : fmt("%d", index));
	return link;
}

static uint32_t address_flags(const struct nlmsghdr *m)
{
	const struct ifaddrmsg *a = NLMSG_DATA(m);
	size_t size;
	const uint32_t *wide = netlink_attribute(m, sizeof *a, IFA_FLAGS, &size);
	return wide && size == sizeof *wide ? *wide : a->ifa_flags;
}

static void hear_address(const struct nlmsghdr *m, void *moving)
{
	struct moving *d = moving;
	const struct ifaddrmsg *a = NLMSG_DATA(m);

	if (m->nlmsg_type != RTM_NEWADDR || (int) a->ifa_index != d->index || a->ifa_scope != RT_SCOPE_UNIVERSE ||
	    !(address_flags(m) & IFA_F_PERMANENT))
		return;
	struct nlmsghdr *copy = mem(m->nlmsg_len);
	memcpy(copy, m, m->nlmsg_len);
	d->addresses = append(d->addresses, copy);
}

static void read_addresses(struct moving *d)
{
	struct ifaddrmsg a = { .ifa_family = AF_UNSPEC };
	struct request r = netlink_request(RTM_GETADDR, NLM_F_DUMP, &a, sizeof a);
	if (try_netlink(d->here.sock, &r, hear_address, d) < 0)
		fail_sys("addresses of interface %s", d->name);
}

/* What says how the address is to be treated; the rest says how it fares. */
#define LASTING_FLAGS (IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN)

static int try_address(int sock, const struct nlmsghdr *m, int index)
{
	static const int kept[] = { IFA_LOCAL, IFA_ADDRESS, IFA_BROADCAST, IFA_RT_PRIORITY };
	struct ifaddrmsg a = *(const struct ifaddrmsg *) NLMSG_DATA(m);
	size_t size;

	a.ifa_index = (unsigned) index;
	a.ifa_flags = 0;
	struct request r = netlink_request(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, &a, sizeof a);
	for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) {
		const void *value = netlink_attribute(m, sizeof a, kept[i], &size);
		if (value)
			netlink_put(&r, kept[i], value, size);
	}
	netlink_put_number(&r, IFA_FLAGS, (int) (address_flags(m) & LASTING_FLAGS));
	return try_netlink(sock, &r, NULL, NULL);
}

static int try_addresses(int sock, const struct moving *d, int index)
{
	EACH(m, d->addresses)
		if (try_address(sock, *m, index) < 0)
			return -1;
	return 0;
}

static int try_set_up(int sock, int index)
{
	struct ifinfomsg i = { .ifi_index = index, .ifi_flags = IFF_UP, .ifi_change = IFF_UP };
	struct request r = netlink_request(RTM_NEWLINK, 0, &i, sizeof i);
	return try_netlink(sock, &r, NULL, NULL);
}

/* One request moves and renames.  The kernel sets it down on the way, and takes its addresses. */
static int try_move(int sock, int index, int to, const char *name, int index_there)
{
	struct ifinfomsg i = { .ifi_index = index };
	struct request r = netlink_request(RTM_NEWLINK, 0, &i, sizeof i);

	netlink_put_number(&r, IFLA_NET_NS_FD, to);
	netlink_put_number(&r, IFLA_NEW_IFINDEX, index_there);
	netlink_put(&r, IFLA_IFNAME, name, strlen(name) + 1);
	return try_netlink(sock, &r, NULL, NULL);
}

static void move_back(void *moving)
{
	const struct moving *d = moving;
	struct ifinfomsg i = { .ifi_index = d->index_there };
	struct request r = netlink_request(RTM_GETLINK, 0, &i, sizeof i);

	if (try_netlink(d->there.sock, &r, NULL, NULL) < 0)
		return; /* it has never come there */
	if (try_move(d->there.sock, d->index_there, d->here.fd, d->name, d->index) < 0 ||
	    try_addresses(d->here.sock, d, d->index) < 0 || (d->up && try_set_up(d->here.sock, d->index) < 0))
		warn("interface %s could not be moved back as it was: %s", d->name, strerror(errno));
}

/* Its number stays as it is where that is free. */
static int free_index(int sock, int wanted)
{
	while (link_find(sock, NULL, wanted).index)
		wanted++;
	return wanted;
}

static void check_name_is_free(const struct net *there, const char *name)
{
	if (!strchr(name, '%') && link_find(there->sock, name, 0).index)
		fail("linux.netDevices: the container's network namespace has an interface \"%s\" already", name);
}

static void move_one(const struct net *here, const struct net *there, const struct net_device *wanted)
{
	const char *name = wanted->name && *wanted->name ? wanted->name : wanted->key;
	struct link link = link_find(here->sock, wanted->key, 0);
	struct moving *d = mem(sizeof *d);

	if (!link.index)
		fail("linux.netDevices: there is no interface \"%s\" in the network namespace that bivy runs in",
		     wanted->key);
	check_name_is_free(there, name);
	*d = (struct moving){ wanted->key, link.index, link.flags & IFF_UP, NULL, 0, *here, *there };
	d->index_there = free_index(there->sock, d->index);
	read_addresses(d);
	undo(move_back, d);
	if (try_move(here->sock, d->index, there->fd, name, d->index_there) < 0)
		fail_sys("linux.netDevices: move the interface %s into the container as %s", d->name, name);
	if (try_addresses(there->sock, d, d->index_there) < 0)
		fail_sys("linux.netDevices: addresses of %s, moved into the container", d->name);
	if (try_set_up(there->sock, d->index_there) < 0)
		fail_sys("linux.netDevices: set %s up, moved into the container", d->name);
}

static bool same_file(int a, int b)
{
	struct stat x, y;
	return !fstat(a, &x) && !fstat(b, &y) && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

static int socket_of(int there, int here)
{
	if (setns(there, CLONE_NEWNET) < 0)
		fail_sys("enter the container's network namespace");
	int sock = netlink_open();
	if (setns(here, CLONE_NEWNET) < 0)
		fail_sys("go back to our network namespace");
	return sock;
}

static int namespace_of(const char *process)
{
	int fd = try_open(AT_FDCWD, fmt("/proc/%s/ns/net", process), O_RDONLY);
	if (fd < 0)
		fail_sys("network namespace of process %s", process);
	return fd;
}

/* The descriptors stay open: what is undone later needs them. */
void net_devices_move(pid_t pid, struct net_device *const *list)
{
	struct net here = { namespace_of("self"), netlink_open() }, there = { namespace_of(fmt("%d", pid)), -1 };

	if (same_file(here.fd, there.fd))
		fail("linux.netDevices: the container shares the network namespace that they are in");
	there.sock = socket_of(there.fd, here.fd);
	EACH(d, list)
		move_one(&here, &there, *d);
}
