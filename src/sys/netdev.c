#include "sys/netdev.h"

#include "base/fail.h"
#include "base/fd.h"

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

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
