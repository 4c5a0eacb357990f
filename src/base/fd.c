#include "base/fd.h"

#include "base/fail.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void fd_close_scope(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

void fd_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

int fd_take(int *fd)
{
	int taken = *fd;
	*fd = -1;
	return taken;
}

int fd_copy_from(int fd, int least)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, least);
	if (copy < 0)
		fail_sys("duplicate descriptor %d", fd);
	return copy;
}

void fd_keep_over_exec(int fd)
{
	if (fcntl(fd, F_SETFD, 0) < 0)
		fail_sys("keep descriptor %d", fd);
}

void fd_close_from(int least)
{
	if (close_range((unsigned) least, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		fail_sys("close_range");
}

int try_fd_send(int sock, int fd, const void *data, size_t size)
{
	char space[CMSG_SPACE(sizeof fd)] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { (void *) data, size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (fd >= 0) {
		m.msg_control = space;
		m.msg_controllen = sizeof space;
		struct cmsghdr *c = CMSG_FIRSTHDR(&m);
		*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof fd),
				       .cmsg_level = SOL_SOCKET,
				       .cmsg_type = SCM_RIGHTS };
		memcpy(CMSG_DATA(c), &fd, sizeof fd);
	}
	return sendmsg(sock, &m, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

long try_fd_receive(int sock, int *fd, void *data, size_t size)
{
	char space[CMSG_SPACE(sizeof *fd)] __attribute__((aligned(8))) = { 0 };
	struct iovec iov = { data, size };
	struct msghdr m = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof space };

	*fd = -1;
	long n = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
	if (n < 0)
		return n;
	struct cmsghdr *c = CMSG_FIRSTHDR(&m);
	if (c && c->cmsg_type == SCM_RIGHTS)
		memcpy(fd, CMSG_DATA(c), sizeof *fd);
	return n;
}
