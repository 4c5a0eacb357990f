#include "sys/hook.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/names.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* The end of what a hook printed on one descriptor: an error has room for the last lines of it. */
struct tail {
	int fd;
	size_t length;
	char at[4096];
};

#define LINES_SAID    3
#define BYTES_SAID    512

/* A pipe holds 64 KiB: so many reads of half a tail see all that was there when its writer ended. */
#define READS_AT_ONCE 32

struct running {
	pid_t pid;
	int pidfd, input;
	const char *state; /* what is still to be written to its standard input */
	size_t left;
	struct tail out, err;
};

static void pipe_of(int ends[2])
{
	if (pipe2(ends, O_CLOEXEC) < 0)
		fail_sys("pipe");
}

static void never_block(int fd)
{
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0)
		fail_sys("fcntl");
}

/* posix_spawn(3) tells exec's own error, starts in a group of its own and leaves no signal ignored or blocked. */
static int try_spawn(const struct hook *h, const int streams[3], pid_t *pid)
{
	static const char *const none[] = { NULL };
	const char *const alone[] = { h->path, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t all, unblocked;

	memset(&all, 0xff, sizeof all); /* sigfillset(3) leaves out 32 and 33, which it then would have ignored */
	sigemptyset(&unblocked);
	posix_spawn_file_actions_init(&files);
	for (int i = 0; i < 3; i++)
		posix_spawn_file_actions_adddup2(&files, streams[i], i);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	posix_spawnattr_init(&how);
	posix_spawnattr_setflags(&how, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&how, 0);
	posix_spawnattr_setsigdefault(&how, &all);
	posix_spawnattr_setsigmask(&how, &unblocked);
	int error = posix_spawn(pid, h->path, &files, &how,
				(char **) (h->args && *h->args ? h->args : (const char **) alone),
				(char **) (h->env ? h->env : (const char **) none));
	posix_spawn_file_actions_destroy(&files);
	return error;
}

/* 0, or the error of exec. */
static int start(const struct hook *h, struct running *r)
{
	int in[2], out[2], err[2];
	pipe_of(in);
	pipe_of(out);
	pipe_of(err);
	int error = try_spawn(h, (const int[]){ in[0], out[1], err[1] }, &r->pid);

	close(in[0]);
	close(out[1]);
	close(err[1]);
	r->input = in[1];
	r->out.fd = out[0];
	r->err.fd = err[0];
	never_block(r->input);
	never_block(r->out.fd);
	never_block(r->err.fd);
	r->pidfd = error ? -1 : (int) syscall(SYS_pidfd_open, r->pid, 0);
	if (!error && r->pidfd < 0)
		fail_sys("pidfd_open");
	return error;
}

static void stop(struct running *r)
{
	fd_close(&r->pidfd);
	fd_close(&r->input);
	fd_close(&r->out.fd);
	fd_close(&r->err.fd);
}

/* Who reads nothing, or only a part, has heard enough: EPIPE is no error. */
static void feed(struct running *r)
{
	ssize_t n = write(r->input, r->state, r->left);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	r->state += n > 0 ? n : 0;
	r->left -= n > 0 ? (size_t) n : r->left;
	if (!r->left)
		fd_close(&r->input);
}

/* Keeps the newer half when the room is used up.  Not for as long as there is something: who never stops would keep us
 * from looking at the time. */
static void listen_to(struct tail *t)
{
	const size_t half = sizeof t->at / 2;
	ssize_t n = 1;

	for (int i = 0; n > 0 && i < READS_AT_ONCE; i++) {
		if (t->length == sizeof t->at) {
			memmove(t->at, t->at + half, half);
			t->length = half;
		}
		n = read(t->fd, t->at + t->length, sizeof t->at - t->length);
		t->length += n > 0 ? (size_t) n : 0;
	}
	if (!n || (n < 0 && errno != EAGAIN && errno != EINTR))
		fd_close(&t->fd);
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* poll(2), unless we are asked to stop: 0 then.  A signal comes before the question or ends the wait, never between. */
static int poll_or_stop(struct pollfd *fds, nfds_t n, int64_t ms, int (*interrupted)(void))
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	sigset_t all, before;
	int ready = 0;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	if (!interrupted())
		ready = ppoll(fds, n, ms < 0 ? NULL : &t, &before);
	if (ready < 0 && errno != EINTR)
		fail_sys("poll");
	sigprocmask(SIG_SETMASK, &before, NULL);
	return ready;
}

/* Until the hook itself has ended: what it left in the background may keep its streams and is not waited for.
 * deadline 0: for ever.  False: the time was over, or we are to stop. */
static bool attend(struct running *r, int64_t deadline, int (*interrupted)(void))
{
	for (;;) {
		struct pollfd fds[] = { { r->pidfd, POLLIN, 0 },
					{ r->out.fd, POLLIN, 0 },
					{ r->err.fd, POLLIN, 0 },
					{ r->input, POLLOUT, 0 } };
		int64_t left = deadline ? deadline - now_ms() : -1;

		if ((deadline && left <= 0) || interrupted())
			return false;
		if (poll_or_stop(fds, 4, left, interrupted) <= 0)
			continue;
		if (fds[3].revents)
			feed(r);
		if (fds[1].revents || fds[0].revents)
			listen_to(&r->out);
		if (fds[2].revents || fds[0].revents)
			listen_to(&r->err);
		if (fds[0].revents)
			return true;
	}
}

/* "one; two; three" */
static const char *last_lines(struct tail *t)
{
	const char **lines = split(trim(text_n(t->at, t->length)), '\n'), **kept = NULL;
	size_t n = count(lines);

	for (size_t i = n > LINES_SAID ? n - LINES_SAID : 0; i < n; i++)
		if (*trim(lines[i]))
			kept = append(kept, trim(lines[i]));
	const char *all = join((const char *const *) kept, "; ");
	size_t length = strlen(all);
	return length > BYTES_SAID ? all + length - BYTES_SAID : all;
}

static const char *said(struct running *r)
{
	const char *lines = last_lines(&r->err);
	if (!*lines)
		lines = last_lines(&r->out);
	return *lines ? fmt(": %s", lines) : "";
}

/* NULL: it did well; else what went wrong. */
static const char *outcome(const struct hook *h, struct running *r, int (*interrupted)(void))
{
	int64_t deadline = h->timeout && *h->timeout > 0 ? now_ms() + (int64_t) *h->timeout * 1000 : 0;
	bool in_time = attend(r, deadline, interrupted);
	int status;

	if (!in_time)
		kill(-r->pid, SIGKILL);
	while (waitpid(r->pid, &status, 0) < 0)
		if (errno != EINTR)
			fail_sys("waitpid");
	if (!in_time && interrupted())
		return fmt("interrupted by %s", signal_name(interrupted()));
	if (!in_time)
		return fmt("it took longer than its timeout of %d s and was killed%s", *h->timeout, said(r));
	if (WIFSIGNALED(status))
		return fmt("killed by signal %d (%s)%s", WTERMSIG(status), strsignal(WTERMSIG(status)), said(r));
	return WEXITSTATUS(status) ? fmt("exit status %d%s", WEXITSTATUS(status), said(r)) : NULL;
}

static const char *run(const struct hook *h, const char *state, int (*interrupted)(void))
{
	struct running r = { .pidfd = -1, .state = state, .left = strlen(state) };
	int error = start(h, &r);
	const char *wrong = error ? strerror(error) : outcome(h, &r, interrupted);

	stop(&r);
	if (!wrong && (r.out.length || r.err.length))
		debug("hook %s says%s", h->path, said(&r));
	return wrong;
}

static int never(void) { return 0; }

void hooks_run(const char *kind, struct hook *const *hooks, const char *state, bool failure_is_warning,
	       int (*interrupted)(void))
{
	struct sigaction before, ignore = { .sa_handler = SIG_IGN };

	sigaction(SIGPIPE, &ignore, &before);
	EACH(h, hooks) {
		const char *wrong = run(*h, state, interrupted ? interrupted : never);
		if (wrong && !failure_is_warning)
			fail("hook %s (%s #%d): %s", (*h)->path, kind, (int) (h - hooks), wrong);
		if (wrong)
			warn("hook %s (%s #%d): %s", (*h)->path, kind, (int) (h - hooks), wrong);
	}
	sigaction(SIGPIPE, &before, NULL);
}
