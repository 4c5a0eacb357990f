#include "hook.h"

#include "base/syscall.h"
#include "signals.h"
#include "tell.h"

#include <asm/errno.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/time_types.h>

struct running {
	const char *path;
	int pid, pidfd;
	int in;            /* our end of its stdin; -1: it has all */
	const char *state; /* what it has not got yet */
};

/* In the hook's own process.  A failure is told from here: the first message counts. */
_Noreturn static void become(struct plan *p, const struct plan_hook *h, int in)
{
	char *path = plan_at(p, h->path), *alone[] = { path, NULL };
	char **args = plan_list(p, h->args), **env = plan_list(p, h->env);

	signals_child();
	must(SYSCALL(dup3, in, 0, 0), "dup3");
	must(SYSCALL(close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
	FAIL(-SYSCALL(execve, path, *args ? args : alone, env), NULL, path);
}

static struct running begin(struct plan *p, const struct plan_hook *h)
{
	struct running r = { .path = plan_at(p, h->path), .state = plan_at(p, p->hook_state) };
	int pipe[2] = { -1, -1 };

	must(SYSCALL(pipe2, pipe, O_CLOEXEC), "pipe2");
	r.pid = (int) must(SYSCALL(clone, SIGCHLD), "clone");
	if (!r.pid)
		become(p, h, pipe[0]);
	r.pidfd = (int) must(SYSCALL(pidfd_open, r.pid, 0), "pidfd_open");
	SYSCALL(close, pipe[0]);
	r.in = pipe[1];
	must(SYSCALL(fcntl, r.in, F_SETFL, O_NONBLOCK), "fcntl");
	return r;
}

static void feed(struct running *r)
{
	size_t left = 0;

	while (r->state && r->state[left])
		left++;
	long n = left ? SYSCALL(write, r->in, r->state, left) : 0;
	if (n == -EAGAIN)
		return;
	if (n > 0)
		r->state += n;
	if (n > 0 && (size_t) n < left)
		return;
	/* Given all, or it does not want more: no error, a hook need not read. */
	SYSCALL(close, r->in);
	r->in = -1;
}

static int status_of(struct running *r)
{
	int status = 0;
	must(SYSCALL(wait4, r->pid, &status, 0, NULL), "wait4");
	SYSCALL(close, r->pidfd);
	if (r->in >= 0)
		SYSCALL(close, r->in);
	return status;
}

/* False: the time is over.  The kernel takes the time waited off `left`, so that it spans all the rounds. */
static bool ended(struct running *r, struct __kernel_timespec *left)
{
	for (;;) {
		struct pollfd p[] = { { .fd = r->pidfd, .events = POLLIN }, { .fd = r->in, .events = POLLOUT } };
		if (!must(SYSCALL(ppoll, p, 2, left, NULL, 0), "ppoll"))
			return false;
		if (p[0].revents)
			return true;
		if (p[1].revents)
			feed(r);
	}
}

static void run(struct plan *p, const struct plan_hook *h)
{
	struct __kernel_timespec limit = { .tv_sec = h->timeout };
	struct running r = begin(p, h);

	if (!ended(&r, h->timeout > 0 ? &limit : NULL)) {
		SYSCALL(kill, r.pid, SIGKILL);
		FAIL(0, NULL, r.path, ": killed: not done within its timeout of ", decimal(h->timeout), " s");
	}
	int status = status_of(&r);
	if (status & 0x7f)
		FAIL(0, NULL, r.path, ": killed by signal ", decimal(status & 0x7f));
	if (status)
		FAIL(0, NULL, r.path, ": exit status ", decimal(status >> 8 & 0xff));
}

void hooks_run(struct plan *p)
{
	const struct plan_hook *h = plan_at(p, p->hooks);

	signals_ignore_pipe(true);
	for (uint32_t i = 0; i < p->hook_count; i++)
		run(p, h + i);
	signals_ignore_pipe(false);
}
