/* bivy-shim (see shim.h).  One loop over fixed buffers: after set_up nothing is allocated, and nothing ends it but its
 * work. */
#include "capture.h"
#include "cgroup.h"
#include "deadline.h"
#include "ending.h"
#include "event.h"
#include "shim.h"
#include "standby.h"
#include "waiter.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define OOM_LOOKS 100
#define OOM_MS    10
#define DEAF_MS   100 /* before a connection is tried to be taken again */

static _Noreturn void refuse(const char *why)
{
	if (write(2, why, strlen(why)) < 0)
		_exit(3);
	_exit(2);
}

/* Tells of what has been killed for lack of memory since the last time. */
static void tell_oom(struct shim *s)
{
	uint64_t kills = cgroup_oom_kills(s->cgroups);

	if (kills <= s->oom_told)
		return;
	s->oom_told = kills;
	s->oom_looks = 0;
	event_tell(STATE_DIR, s->id, "oom", NULL, 0);
}

static void oom_attend(struct shim *s)
{
	if (!cgroup_oom_heard(s->polled[OOM_SLOT].fd))
		s->polled[OOM_SLOT].fd = -1;
	s->oom_looks = OOM_LOOKS;
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

/* What one before us has left. */
static void shim_recall(struct shim *s)
{
	capture_begin(&s->capture, s->id, s->logs);
	deadline_recall(s);
	if (event_is_told(STATE_DIR, "oom"))
		s->oom_told = cgroup_oom_kills(s->cgroups);
}

static bool is_complete(int argc, char **argv)
{
	return argc >= 4 && fcntl(STATE_DIR, F_GETFD) >= 0 && fcntl(LISTENER, F_SETFL, O_NONBLOCK) >= 0 &&
	       (!atoi(argv[2]) || fcntl(PIDFD, F_GETFD) >= 0);
}

static void begin_polling(struct shim *s)
{
	for (int i = 0; i < SLOTS; i++)
		s->polled[i] = (struct pollfd){ .fd = -1, .events = POLLIN };
	s->polled[INIT_SLOT].fd = s->init ? PIDFD : -1;
	s->polled[LISTENER_SLOT].fd = LISTENER;
	s->polled[CHILD_SLOT].fd = take_signals();
	s->polled[OOM_SLOT].fd = cgroup_oom_watch(s->cgroups, &s->polled[OOM_SLOT].events);
}

/* Subreaper: without a pid namespace, what the container leaves behind comes to us.  Listening once more makes us, and
 * not who made the socket, the one whom SO_PEERCRED names. */
static void set_up(struct shim *s, int argc, char **argv)
{
	if (!is_complete(argc, argv))
		refuse("bivy-shim: bivy's own program, not for use by hand: bivy-shim ID PID LOGS [CGROUP...], "
		       "3 = state directory, 4 = pidfd, 5 = socket, with LOGS 6 = directory, 7 and 8 = FIFOs\n");
	drop_streams();
	setsid();
	umask(077);
	if (chdir("/") < 0)
		refuse("bivy-shim: chdir\n");
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	prctl(PR_SET_NAME, "bivy-shim", 0, 0, 0); /* exec'd by descriptor, it would go by the descriptor's number */
	listen(LISTENER, BACKLOG);
	s->id = argv[1];
	s->init = atoi(argv[2]);
	s->logs = argv[3];
	s->cgroups = argv + 4;
	begin_polling(s);
	shim_recall(s);
}

/* Others than INIT, which stays a zombie until its end is on disk.  The standby may be among them: see main. */
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
		if (info.si_pid == s->standby)
			s->standby = 0;
		waitid(P_PID, (id_t) info.si_pid, &info, WEXITED | WNOHANG);
	}
}

/* The life of a shim: each row is worked on until it says true, or `most` times, a tick apart. */

bool has_ended(const struct shim *s) { return !s->init || s->known || s->polled[INIT_SLOT].revents; }

static bool wait_for_end(struct shim *s) { return has_ended(s); }

/* One before us may have got so far already, and knew more. */
static bool learn(struct shim *s)
{
	s->polled[INIT_SLOT].fd = -1;
	if (!s->known && try_ending_recall(&s->ending, STATE_DIR))
		s->known = s->recalled = s->stored = true;
	else if (!s->init)
		ending_lost(&s->ending);
	else
		s->known = s->known || try_ending_learn(&s->ending, PIDFD, s->init);
	return s->known || !s->init;
}

static bool measure(struct shim *s)
{
	s->known = true; /* if only that it cannot be known */
	tell_oom(s);
	s->ending.memory = cgroup_memory_end(s->cgroups);
	if (!s->recalled)
		ending_describe(&s->ending, STATE_DIR);
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
	return s->stored || s->leaving;
}

static bool clear(struct shim *s)
{
	size_t left = cgroup_kill(s->cgroups);
	reap_others(s);
	return !left;
}

static bool drain(struct shim *s) { return capture_drain(&s->capture, false); }

/* What could not be written is lost, and belongs into the record. */
static bool drain_last(struct shim *s)
{
	const uint64_t *dropped = s->capture.progress.dropped;

	capture_drain(&s->capture, true);
	if (s->recalled || (s->ending.dropped_out == dropped[0] && s->ending.dropped_err == dropped[1]))
		return true;
	s->ending.dropped_out = dropped[0];
	s->ending.dropped_err = dropped[1];
	ending_describe(&s->ending, STATE_DIR);
	s->stored = false;
	return true;
}

static bool reap(struct shim *s)
{
	siginfo_t info;
	if (s->init)
		waitid(P_PIDFD, PIDFD, &info, WEXITED | WNOHANG);
	return true;
}

static bool tell(struct shim *s)
{
	struct line more = { 0 };

	put(&more, "\"exit\":");
	s->ending.json.text[s->ending.json.length - 1] = 0; /* its newline */
	put(&more, s->ending.json.text);
	s->ending.json.text[s->ending.json.length - 1] = '\n';
	if (!event_is_told(STATE_DIR, "stopped"))
		event_tell(STATE_DIR, s->id, "stopped", more.text, more.length);
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
	{ wait_for_end,	-1,	0 },
	{ learn,	10,	100 },		/* more than once only where it was adopted */
	{ drain,	20,	10 },		/* who reads the record finds the logs complete, but for what INIT left behind */
	{ drain_last,	0,	1 },
	{ measure,	0,	1 },
	{ store,	100,	20 },		/* before anyone can see the death: while INIT is a zombie */
	{ clear,	10,	500 },
	{ drain,	20,	10 },
	{ drain_last,	0,	1 },
	{ store,	100,	20 },
	{ reap,		0,	1 },
	{ tell,		0,	1 },
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

static int shorter(int ms, int than) { return ms < 0 || than < ms ? than : ms; }

static int until_next(const struct shim *s, int tick_ms)
{
	int ms = deadline_tick(s, tick_ms);
	if (s->capture.tick_ms >= 0)
		ms = shorter(ms, s->capture.tick_ms);
	if (!s->standby)
		ms = shorter(ms, 1000);
	if (s->oom_looks)
		ms = shorter(ms, OOM_MS);
	return s->deaf ? shorter(ms, DEAF_MS) : ms;
}

/* poll(2) refuses more slots than RLIMIT_NOFILE, which is the caller's: those in use come first, and INIT before all.
 */
static int poll_slots(struct shim *s, int ms)
{
	int used = SLOTS;

	while (used > 1 && s->polled[used - 1].fd < 0)
		used--;
	int n = poll(s->polled, (nfds_t) used, ms);
	if (n >= 0 || errno != EINVAL)
		return n;
	for (int i = 0; i < SLOTS; i++)
		s->polled[i].revents = 0;
	return poll(s->polled, 1, shorter(ms, DEAF_MS));
}

static void attend(struct shim *s, int tick_ms)
{
	s->polled[LISTENER_SLOT].fd = s->deaf ? -1 : LISTENER;
	int n = poll_slots(s, until_next(s, tick_ms));
	s->deaf = false;
	deadline_attend(s);
	if (s->oom_looks > 0) {
		s->oom_looks--;
		tell_oom(s);
	}
	capture_attend(&s->capture, &s->polled[OUT_SLOT]);
	if (n <= 0)
		return;
	if (s->polled[CHILD_SLOT].revents)
		reap_others(s);
	if (s->polled[OOM_SLOT].revents)
		oom_attend(s);
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
	while ((r = advance(&s, r, &tries))->work) {
		/* We may come back as another process, which begins anew. */
		if (!s.standby && standby_make(&s)) {
			shim_recall(&s);
			r = rows;
			tries = 0;
			continue;
		}
		attend(&s, r->tick_ms);
	}
	standby_end(&s);
	_exit(0);
}
