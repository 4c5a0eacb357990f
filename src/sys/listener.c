#include "sys/listener.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/proc.h"
#include "base/socket.h"
#include "sys/plan.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* Nobody else would end a process that waits for us on its memory. */
static _Noreturn void give_up(const struct listener *l, const char *what)
{
	int error = errno;
	try_proc_signal(l->pidfd, SIGKILL);
	errno = error;
	fail_sys("linux.seccomp.listenerPath %s: %s", l->path, what);
}

static struct iovec part(void *at, size_t size) { return (struct iovec){ at, size }; }

static int32_t listener_now(const struct listener *l, uint64_t address)
{
	int32_t now = -1;
	struct iovec here = part(&now, sizeof now);
	struct iovec there =
		part((void *) (uintptr_t) (address + offsetof(struct plan_handover, listener)), sizeof now);
	if (process_vm_readv(l->pid, &here, 1, &there, 1, 0) < 0 && errno != ESRCH)
		give_up(l, "see whether the filter is loaded");
	return now;
}

static void let_go(const struct listener *l, uint64_t address)
{
	uint32_t go = 1;
	struct iovec here = part(&go, sizeof go);
	struct iovec there = part((void *) (uintptr_t) (address + offsetof(struct plan_handover, go)), sizeof go);
	if (process_vm_writev(l->pid, &here, 1, &there, 1, 0) < 0)
		give_up(l, "let the container go on");
}

/* -1: it speaks, or has gone, before there is a listener. */
static int32_t wait_loaded(const struct listener *l, int conn, uint64_t address)
{
	struct pollfd speaks = { .fd = conn, .events = POLLIN };
	for (int32_t n;;) {
		if ((n = listener_now(l, address)) >= 0)
			return n;
		if (poll(&speaks, 1, 1) > 0)
			return -1;
	}
}

void listener_fetch(const struct listener *l, int conn, uint64_t address)
{
	/* Connected before the filter is there: who cannot be reached is no reason to leave a process that waits. */
	autoclose int to = try_stream_connect(l->path);
	if (to < 0)
		give_up(l, "connect");
	if (try_fd_send(conn, -1, "+", 1) < 0)
		return;
	int32_t number = wait_loaded(l, conn, address);
	if (number < 0)
		return;
	autoclose int fd = (int) syscall(SYS_pidfd_getfd, l->pidfd, number, 0);
	if (fd < 0)
		give_up(l, "take the listener out of the container's process");
	if (try_fd_send(to, fd, l->message, strlen(l->message)) < 0)
		give_up(l, "send the listener");
	let_go(l, address);
}
