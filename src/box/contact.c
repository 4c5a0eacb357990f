#include "box/contact.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/socket.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SOCKET   "shim.sock"
#define NEW      SOCKET ".new"
#define BACKLOG  64
#define STATE_FD 3 /* of a shim: its state directory */

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77 /* Linux 6.5 */
#endif

/* Under its name when it listens, so that nobody finds it deaf. */
int try_contact_listen(int state_dir)
{
	if (unlinkat(state_dir, NEW, 0) < 0 && errno != ENOENT)
		return -1;
	autoclose int fd = try_socket_listen(state_dir, NEW, BACKLOG);
	if (fd < 0 || renameat(state_dir, NEW, state_dir, SOCKET) < 0)
		return -1;
	return fd_take(&fd);
}

int contact_listen(int state_dir)
{
	int fd = try_contact_listen(state_dir);
	if (fd < 0)
		fail_sys("socket " SOCKET);
	return fd;
}

/* ---- who is there ---- */

static bool is_shim(pid_t pid)
{
	const char *name = try_read_whole(AT_FDCWD, fmt("/proc/%d/comm", pid));
	return name && (same(name, "bivy-shim\n") || same(name, "bivy-standby\n"));
}

/* Older kernels tell a number alone, which may be another's by now if it is not a shim's. */
static int try_peer(int sock)
{
	struct ucred peer;
	socklen_t size = sizeof(int);
	int fd;

	if (!getsockopt(sock, SOL_SOCKET, SO_PEERPIDFD, &fd, &size))
		return fd;
	size = sizeof peer;
	if (errno != ENOPROTOOPT || getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -1;
	fd = (int) syscall(SYS_pidfd_open, peer.pid, 0);
	if (fd >= 0 && !is_shim(peer.pid))
		fd_close(&fd);
	return fd;
}

static bool belongs_to(pid_t pid, const struct stat *state)
{
	struct stat st;
	return is_shim(pid) && !stat(fmt("/proc/%d/fd/%d", pid, STATE_FD), &st) && st.st_ino == state->st_ino &&
	       st.st_dev == state->st_dev;
}

/* A standby that was stopped has not seen the end of the active shim, and nothing names it but what it holds open. */
static void wake_all(int state_dir)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	struct stat state;

	while (d && !fstat(state_dir, &state) && (e = readdir(d))) {
		pid_t pid = atoi(e->d_name);
		autoclose int fd = pid > 0 ? (int) syscall(SYS_pidfd_open, pid, 0) : -1;
		if (fd >= 0 && belongs_to(pid, &state))
			try_proc_signal(fd, SIGCONT);
	}
	if (d)
		closedir(d);
}

/* SIGCONT says nothing to who runs: shims block it.  A dead one takes signals until it is reaped. */
static void wake(int sock, int state_dir)
{
	autoclose int peer = try_peer(sock);
	if (peer < 0 || try_proc_signal(peer, SIGCONT) < 0 || proc_wait(peer, 0))
		wake_all(state_dir);
}

int try_contact(int state_dir)
{
	autoclose int sock = try_socket_connect(state_dir, SOCKET, SOCK_NONBLOCK);

	if (sock >= 0)
		wake(sock, state_dir);
	else if (errno == EAGAIN) /* its queue is full: perhaps because it stands still */
		wake_all(state_dir), errno = EAGAIN;
	return fd_take(&sock);
}

bool contact_none(int error) { return error == ECONNREFUSED || error == ENOENT; }

bool contact_there(int state_dir)
{
	autoclose int sock = try_contact(state_dir);
	return sock >= 0 || !contact_none(errno);
}

/* ---- its end ---- */

#define TRY_MS 20
#define ROUNDS 4 /* an active shim, its standby, and who adopted meanwhile */

/* True: nobody is there. */
static bool bid_leave(int state_dir, int timeout_ms)
{
	static const char leave[] = "leave";
	autoclose int sock = try_contact(state_dir);

	if (sock < 0)
		return contact_none(errno) || (poll(NULL, 0, TRY_MS), false);
	autoclose int peer = try_peer(sock); /* -1, which poll(2) passes over, where it is gone already */
	if (try_fd_send(sock, -1, leave, strlen(leave)) < 0 ||
	    poll(&(struct pollfd){ sock, POLLIN, 0 }, 1, timeout_ms) > 0)
		proc_wait(peer, 1); /* its end, or it had no room for us */
	return false;
}

static void end_peer(int state_dir)
{
	autoclose int sock = try_contact(state_dir);
	autoclose int peer = sock < 0 ? -1 : try_peer(sock);

	if (peer >= 0 && !try_proc_signal(peer, SIGKILL))
		proc_wait(peer, TRY_MS);
}

void contact_end(int state_dir, int timeout_ms)
{
	for (int waited = 0; waited < timeout_ms; waited += TRY_MS)
		if (bid_leave(state_dir, TRY_MS))
			return;
	for (int round = 0; round < ROUNDS; round++)
		end_peer(state_dir);
}
