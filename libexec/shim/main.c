/* bivy-shim (see shim.h).  One loop over fixed buffers: after set_up nothing is allocated, and nothing ends it but its
 * work. */
#include "cgroup.h"
#include "ending.h"
#include "shim.h"
#include "waiter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static _Noreturn void refuse(const char *why)
{
	if (write(2, why, strlen(why)) < 0)
		_exit(3);
	_exit(2);
}

/* No copy of the caller's streams: who reads the container's pipe must see its end when the program ends. */
static void drop_streams(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (int fd = 0; fd < 3; fd++)
		dup2(null < 0 ? STATE_DIR : null, fd);
	syscall(SYS_close_range, UNUSED_FROM, ~0U, 0);
}

/* All signals wait for ever, but SIGCHLD, which is read.  An ignored SIGCHLD, which an exec hands on, would have the
 * kernel throw INIT's status away. */
static int take_signals(void)
{
	sigset_t all, child;

	signal(SIGCHLD, SIG_DFL);
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	return signalfd(-1, &child, SFD_NONBLOCK | SFD_CLOEXEC);
}

/* Subreaper: without a pid namespace, what the container leaves behind comes to us. */
static void set_up(struct shim *s, int argc, char **argv)
{
	if (argc < 3 || (s->init = atoi(argv[2])) < 1 || fcntl(STATE_DIR, F_GETFD) < 0 || fcntl(PIDFD, F_GETFD) < 0 ||
	    fcntl(LISTENER, F_SETFL, O_NONBLOCK) < 0)
		refuse("bivy-shim: bivy's own program, not for use by hand: bivy-shim ID PID [CGROUP...], "
		       "3 = state directory, 4 = pidfd, 5 = socket\n");
	drop_streams();
	setsid();
	umask(077);
	if (chdir("/") < 0)
		refuse("bivy-shim: chdir\n");
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	prctl(PR_SET_NAME, "bivy-shim", 0, 0, 0); /* exec'd by descriptor, it would go by the descriptor's number */
	s->cgroups = argv + 3;
	for (int i = 0; i < SLOTS; i++)
		s->polled[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	s->polled[INIT_SLOT].fd = PIDFD;
	s->polled[LISTENER_SLOT].fd = LISTENER;
	s->polled[CHILD_SLOT].fd = take_signals();
}

/* Others than INIT, which stays a zombie until its end is on disk. */
static void reap_others(struct shim *s)
{
	struct signalfd_siginfo heard;
	siginfo_t info;

	while (read(s->polled[CHILD_SLOT].fd, &heard, sizeof heard) > 0)
		;
	for (;;) {
		info.si_pid = 0;
		if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0 || !info.si_pid || info.si_pid == s->init)
			return;
		waitid(P_PID, (id_t) info.si_pid, &info, WEXITED | WNOHANG);
	}
}

/* The life of a shim: each row is worked on until it says true, or `most` times, a tick apart. */

static bool has_ended(struct shim *s) { return s->polled[INIT_SLOT].revents; }

static bool learn(struct shim *s)
{
	s->polled[INIT_SLOT].fd = -1;
	s->known = s->known || try_ending_learn(&s->ending, PIDFD);
	return s->known;
}

static bool describe(struct shim *s)
{
	ending_describe(&s->ending, s->cgroups);
	return true;
}

static bool is_deleted(int dir)
{
	struct stat st;
	return fstat(dir, &st) < 0 || !st.st_nlink;
}

static bool store(struct shim *s)
{
	s->stored = s->stored || !try_ending_store(&s->ending, STATE_DIR) || is_deleted(STATE_DIR);
	return s->stored;
}

static bool clear(struct shim *s)
{
	size_t left = cgroup_kill(s->cgroups);
	reap_others(s);
	return !left;
}

static bool reap(struct shim *s)
{
	siginfo_t info;
	(void) s;
	waitid(P_PIDFD, PIDFD, &info, WEXITED | WNOHANG);
	return true;
}

static bool answer(struct shim *s)
{
	waiters_answer(s);
	return true;
}

/* clang-format off */
static const struct row {
	bool (*work)(struct shim *);
	int tick_ms, most;			/* -1: no tick, only events; 0: as often as it takes */
} rows[] = {
	{ has_ended,	-1,	0 },
	{ learn,	10,	100 },		/* more than once only where it was adopted */
	{ describe,	0,	1 },
	{ store,	100,	20 },		/* before anyone can see the death: while INIT is a zombie */
	{ clear,	10,	500 },
	{ reap,		0,	1 },
	{ answer,	0,	1 },
	{ store,	1000,	0 },		/* a full disk: from here on waiters are answered from memory */
	{ NULL,		0,	0 },
};
/* clang-format on */

/* The row to go on with. */
static const struct row *advance(struct shim *s, const struct row *r, int *tries)
{
	while (r->work) {
		bool done = r->work(s);
		if (!done && (!r->most || ++*tries < r->most))
			return r;
		*tries = 0;
		r++;
	}
	return r;
}

static void attend(struct shim *s, int tick_ms)
{
	if (poll(s->polled, SLOTS, tick_ms) < 0)
		return;
	if (s->polled[CHILD_SLOT].revents)
		reap_others(s);
	for (int i = FIRST_WAITER; i < SLOTS; i++)
		if (s->polled[i].fd >= 0 && s->polled[i].revents)
			waiter_hear(s, &s->polled[i]);
	if (s->polled[LISTENER_SLOT].revents)
		waiters_accept(s);
}

int main(int argc, char **argv)
{
	static struct shim s;
	const struct row *r = rows;
	int tries = 0;

	set_up(&s, argc, argv);
	while (r->work) {
		attend(&s, r->tick_ms);
		r = advance(&s, r, &tries);
	}
	_exit(0);
}
