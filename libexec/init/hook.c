#include "hook.h"

#include "base/syscall.h"
#include "signals.h"
#include "tell.h"

#include <asm/errno.h>
#include <asm/poll.h>
#include <asm/signal.h>
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/time.h>
#include <linux/time_types.h>

#define LINES_SAID    3
#define READS_AT_ONCE 256 /* a full pipe, by halves of the tail */

struct running {
	const char *path;
	int pid, pidfd;
	int in;            /* our end of its stdin; -1: it has all */
	int out;           /* our end of its stdout and stderr; -1: they are closed */
	const char *state; /* what it has not got yet */
};

/* The end of what the hook that runs has printed.  Not on the stack: a zeroed one would ask for a memset. */
static struct {
	size_t length;
	char at[512], said[640];
} tail;

/* In the hook's own process.  A failure is told from here: the first message counts. */
_Noreturn static void become(struct plan *p, const struct plan_hook *h, int in, int out)
{
	char *path = plan_at(p, h->path), *alone[] = { path, NULL };
	char **args = plan_list(p, h->args), **env = plan_list(p, h->env);

	signals_child();
	SYSCALL(setpgid, 0, 0);
	must(SYSCALL(dup3, in, 0, 0), "dup3");
	must(SYSCALL(dup3, out, 1, 0), "dup3");
	must(SYSCALL(dup3, out, 2, 0), "dup3");
	must(SYSCALL(close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
	FAIL(-SYSCALL(execve, path, *args ? args : alone, env), NULL, path);
}

static struct running begin(struct plan *p, const struct plan_hook *h)
{
	struct running r = { .path = plan_at(p, h->path), .state = plan_at(p, p->hook_state) };
	int pipe[2] = { -1, -1 }, out[2] = { -1, -1 };

	tail.length = 0;
	must(SYSCALL(pipe2, pipe, O_CLOEXEC), "pipe2");
	must(SYSCALL(pipe2, out, O_CLOEXEC), "pipe2");
	r.pid = (int) must(SYSCALL(clone, SIGCHLD), "clone");
	if (!r.pid)
		become(p, h, pipe[0], out[1]);
	r.pidfd = (int) must(SYSCALL(pidfd_open, r.pid, 0), "pidfd_open");
	SYSCALL(close, pipe[0]);
	SYSCALL(close, out[1]);
	r.in = pipe[1];
	r.out = out[0];
	must(SYSCALL(fcntl, r.in, F_SETFL, O_NONBLOCK), "fcntl");
	must(SYSCALL(fcntl, r.out, F_SETFL, O_NONBLOCK), "fcntl");
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

/* Keeps the newer half when the room is used up. */
static void listen_to(struct running *r)
{
	const size_t half = sizeof tail.at / 2;
	long n = 1;

	for (int i = 0; n > 0 && i < READS_AT_ONCE && r->out >= 0; i++) {
		if (tail.length == sizeof tail.at) {
			for (size_t k = 0; k < half; k++)
				tail.at[k] = tail.at[half + k];
			tail.length = half;
		}
		n = SYSCALL(read, r->out, tail.at + tail.length, sizeof tail.at - tail.length);
		tail.length += n > 0 ? (size_t) n : 0;
	}
	if (n > 0 || n == -EAGAIN)
		return;
	SYSCALL(close, r->out);
	r->out = -1;
}

/* Where the last lines begin; the newline at the very end is cut off. */
static size_t last_lines(void)
{
	while (tail.length && (unsigned char) tail.at[tail.length - 1] <= ' ')
		tail.length--;
	size_t from = tail.length;
	for (int lines = 0; from; from--)
		if (tail.at[from - 1] == '\n' && ++lines == LINES_SAID)
			break;
	return from;
}

/* ": one; two; three", or nothing. */
static const char *said(void)
{
	size_t n = 0;
	size_t from = last_lines();

	for (size_t i = from; i < tail.length && n < sizeof tail.said - 4; i++) {
		if (i == from)
			tail.said[n++] = ':', tail.said[n++] = ' ';
		if (tail.at[i] == '\n')
			tail.said[n++] = ';';
		tail.said[n++] = (unsigned char) tail.at[i] < ' ' || tail.at[i] == 0x7f ? ' ' : tail.at[i];
	}
	tail.said[n] = 0;
	return tail.said;
}

static int status_of(struct running *r)
{
	int status = 0;
	must(SYSCALL(wait4, r->pid, &status, 0, NULL), "wait4");
	SYSCALL(close, r->pidfd);
	if (r->in >= 0)
		SYSCALL(close, r->in);
	listen_to(r);
	if (r->out >= 0)
		SYSCALL(close, r->out);
	return status;
}

static int64_t now_ms(void)
{
	struct __kernel_timespec t = { 0 };
	SYSCALL(clock_gettime, CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* False: the time is over.  deadline 0: there is none. */
static bool ended(struct running *r, int64_t deadline)
{
	for (;;) {
		struct pollfd p[] = { { .fd = r->pidfd, .events = POLLIN },
				      { .fd = r->in, .events = POLLOUT },
				      { .fd = r->out, .events = POLLIN } };
		int64_t ms = deadline ? deadline - now_ms() : 0;
		struct __kernel_timespec left = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };

		if (ms < 0 || !must(SYSCALL(ppoll, p, 3, deadline ? &left : NULL, NULL, 0), "ppoll"))
			return false;
		if (p[0].revents)
			return true;
		if (p[1].revents)
			feed(r);
		if (p[2].revents)
			listen_to(r);
	}
}

static void run(struct plan *p, const struct plan_hook *h)
{
	struct running r = begin(p, h);

	if (!ended(&r, h->timeout > 0 ? now_ms() + (int64_t) h->timeout * 1000 : 0)) {
		SYSCALL(kill, -r.pid, SIGKILL);
		listen_to(&r);
		FAIL(0, NULL, r.path, ": killed: not done within its timeout of ", decimal(h->timeout), " s", said());
	}
	int status = status_of(&r);
	if (status & 0x7f)
		FAIL(0, NULL, r.path, ": killed by signal ", decimal(status & 0x7f), said());
	if (status)
		FAIL(0, NULL, r.path, ": exit status ", decimal(status >> 8 & 0xff), said());
}

void hooks_run(struct plan *p)
{
	const struct plan_hook *h = plan_at(p, p->hooks);

	signals_ignore_pipe(true);
	for (uint32_t i = 0; i < p->hook_count; i++)
		run(p, h + i);
	signals_ignore_pipe(false);
	if (p->hook_count)
		tell_progress(HOOKS_DONE);
}
