#include "base/socket.h"

#include "base/fail.h"
#include "base/fd.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un address(int dir, const char *name)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	snprintf(a.sun_path, sizeof a.sun_path, "/proc/self/fd/%d/%s", dir, name);
	return a;
}

int try_socket_listen(int dir, const char *name, int backlog)
{
	struct sockaddr_un a = address(dir, name);
	autoclose int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *) &a, sizeof a) < 0 || listen(fd, backlog) < 0)
		return -1;
	return fd_take(&fd);
}

int socket_listen(int dir, const char *name, int backlog)
{
	int fd = try_socket_listen(dir, name, backlog);
	if (fd < 0)
		fail_sys("socket %s", name);
	return fd;
}

static int try_connect(int type, const struct sockaddr_un *a)
{
	autoclose int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (const struct sockaddr *) a, sizeof *a) < 0)
		return -1;
	return fd_take(&fd);
}

int try_socket_connect(int dir, const char *name, int more_flags)
{
	struct sockaddr_un a = address(dir, name);
	return try_connect(SOCK_SEQPACKET | more_flags, &a);
}

int try_stream_connect(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof a.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a.sun_path, path, strlen(path));
	return try_connect(SOCK_STREAM, &a);
}
