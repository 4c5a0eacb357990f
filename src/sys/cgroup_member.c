/* The processes of a cgroup: which they are, whether they are frozen, ending them, and whether memory ran out on them.
 * Any command and the supervisor run this; nothing fails because the cgroup is gone. */
#include "sys/cgroup.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS 10000
#define BATCH       256

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void wait_us(long us) { nanosleep(&(struct timespec){ 0, us * 1000L }, NULL); }

/* The one to ask for processes: on v1 the freezer's, so that a list stays true while all in it stand still. */
static const struct hierarchy *main_hierarchy(const struct cgroup *cg)
{
	const struct hierarchy *h = cgroup_hierarchy(cg, "freezer");
	return h || !cg->hierarchies ? h : *cg->hierarchies;
}

/* ---- which ---- */

struct pids_found {
	pid_t *at;
	size_t n, room;
};

static void add_pid(struct pids_found *found, pid_t pid)
{
	if (found->n == found->room) {
		pid_t *larger = mem((found->room = 2 * found->room + 64) * sizeof *larger);
		if (found->n)
			memcpy(larger, found->at, found->n * sizeof *larger);
		found->at = larger;
	}
	found->at[found->n++] = pid;
}

static void pids_in(int dir, struct pids_found *found)
{
	/* A threaded cgroup answers EOPNOTSUPP; its domain, above it, lists its processes. */
	const char *at = try_read_whole(dir, "cgroup.procs");
	for (char *end; at && *at; at = end + (*end == '\n')) {
		pid_t pid = (pid_t) strtol(at, &end, 10);
		if (end == at)
			return;
		if (pid > 0) /* 0: of a pid namespace that we cannot see */
			add_pid(found, pid);
	}
}

/* Takes the descriptor over. */
static void pids_below(int fd, struct pids_found *found)
{
	struct stat s;
	struct dirent *e;

	pids_in(fd, found);
	DIR *d = !fstat(fd, &s) && s.st_nlink > 2 ? fdopendir(fd)
						  : NULL; /* links: 2, and one for each directory in it */
	if (!d) {
		close(fd);
		return;
	}
	while ((e = readdir(d))) {
		if (e->d_type != DT_DIR || same(e->d_name, ".") || same(e->d_name, ".."))
			continue;
		int below = try_open(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
		if (below >= 0)
			pids_below(below, found);
	}
	closedir(d);
}

static int compare(const void *a, const void *b)
{
	pid_t x = *(const pid_t *) a, y = *(const pid_t *) b;
	return (x > y) - (x < y);
}

const pid_t *cgroup_pids(const struct cgroup *cg, size_t *n)
{
	const struct hierarchy *h = main_hierarchy(cg);
	struct pids_found found = { 0 };
	int fd = h ? try_open(AT_FDCWD, h->dir, O_RDONLY | O_DIRECTORY) : -1;

	*n = 0;
	if (fd >= 0)
		pids_below(fd, &found);
	if (found.n)
		qsort(found.at, found.n, sizeof *found.at, compare);
	for (size_t i = 0; i < found.n; i++)
		if (!i || found.at[i] != found.at[i - 1])
			found.at[(*n)++] = found.at[i];
	return found.at;
}

/* ---- standing still ---- */

static const char *freezer_file(const struct cgroup *cg, const char *v2)
{
	const struct hierarchy *h = cgroup_hierarchy(cg, "freezer");
	return h ? fmt("%s/%s", h->dir, cg->unified ? v2 : "freezer.state") : NULL;
}

/* "frozen 1" and "FROZEN" hold for what lies above, too. */
bool cgroup_frozen(const struct cgroup *cg)
{
	const char *file = freezer_file(cg, "cgroup.events"), *is = file ? try_read_whole(AT_FDCWD, file) : NULL;
	return is && (cg->unified ? !!strstr(is, "frozen 1\n") : same(trim(is), "FROZEN"));
}

static int try_freezer(const struct cgroup *cg, bool freeze)
{
	const char *file = freezer_file(cg, "cgroup.freeze");
	if (!file)
		return errno = EOPNOTSUPP, -1;
	return try_write_file(AT_FDCWD, file, cg->unified ? freeze ? "1" : "0" : freeze ? "FROZEN" : "THAWED");
}

/* v2 tells of a change by POLLPRI.  v1 has to be asked, and each asking is what completes it; a process that was just
 * about to fork can keep it at FREEZING, and then thawing for an instant lets go of it. */
static int try_freeze(const struct cgroup *cg, int timeout_ms)
{
	const int64_t end = now_ms() + timeout_ms;
	const char *events = freezer_file(cg, "cgroup.events");
	autoclose int fd = cg->unified && events ? try_open(AT_FDCWD, events, O_RDONLY) : -1;

	if (try_freezer(cg, true) < 0)
		return -1;
	for (int n = 1; !cgroup_frozen(cg); n++) {
		if (now_ms() > end)
			return errno = ETIMEDOUT, -1;
		if (fd >= 0) {
			char drop[256]; /* POLLPRI is against what this descriptor has read */
			if (pread(fd, drop, sizeof drop, 0) >= 0 && !cgroup_frozen(cg))
				poll(&(struct pollfd){ fd, POLLPRI, 0 }, 1, 20);
			continue;
		}
		wait_us(n < 20 ? 50 : 1000);
		if (n % 50 == 0)
			try_freezer(cg, false), wait_us(50), try_freezer(cg, true);
	}
	return 0;
}

void cgroup_freeze(const struct cgroup *cg)
{
	if (!try_freeze(cg, PATIENCE_MS))
		return;
	int error = errno;
	if (error == ETIMEDOUT)
		try_freezer(cg, false);
	if (error == EOPNOTSUPP)
		fail("freeze cgroup %s: this machine has no freezer mounted", cg->path);
	errno = error;
	fail_sys("freeze cgroup %s", cg->path);
}

/* v2 thaws a moment later; who asks for the state then should not hear "paused".  One above may be frozen still, so not
 * for ever. */
void cgroup_thaw(const struct cgroup *cg)
{
	if (try_freezer(cg, false) < 0 && errno != ENOENT && errno != EOPNOTSUPP)
		fail_sys("thaw cgroup %s", cg->path);
	for (int n = 0; n < 100 && cgroup_frozen(cg); n++)
		wait_us(1000);
}

/* ---- ending ---- */

static bool lists(const pid_t *pids, size_t n, pid_t pid) { return n && bsearch(&pid, pids, n, sizeof pid, compare); }

/* A number may change hands between being read and being opened: it is ours when the cgroup still lists it once we hold
 * it. */
static int try_signal_batch(const struct cgroup *cg, const pid_t *pids, size_t n, int signal)
{
	int fds[BATCH], result = 0;
	size_t listed;

	for (size_t i = 0; i < n; i++)
		fds[i] = (int) syscall(SYS_pidfd_open, pids[i], 0);
	const pid_t *now = cgroup_pids(cg, &listed);
	for (size_t i = 0; i < n; i++) {
		if (fds[i] >= 0 && lists(now, listed, pids[i]) &&
		    syscall(SYS_pidfd_send_signal, fds[i], signal, NULL, 0) < 0 && errno != ESRCH)
			result = -errno;
		fd_close(&fds[i]);
	}
	if (result < 0)
		errno = -result;
	return result < 0 ? -1 : 0;
}

static int try_signal_all(const struct cgroup *cg, int signal)
{
	size_t n;
	int result = 0;
	const pid_t *pids = cgroup_pids(cg, &n);

	if (lists(pids, n, getpid()))
		return errno = EDEADLK, -1;
	for (size_t i = 0; i < n; i += BATCH)
		if (try_signal_batch(cg, pids + i, n - i < BATCH ? n - i : BATCH, signal) < 0)
			result = -1;
	return result;
}

static int try_signal_frozen(const struct cgroup *cg, int signal, bool thaw)
{
	try_freeze(cg, 200); /* what forks faster than we can list stands still; where that is refused the caller comes
				again */
	int result = try_signal_all(cg, signal), error = errno;
	if (thaw)
		try_freezer(cg, false);
	errno = error;
	return result;
}

static bool is_empty(const struct cgroup *cg)
{
	size_t n;
	return cgroup_pids(cg, &n), n == 0;
}

/* cgroup.kill (Linux 5.14) takes the whole tree at once, forks under way included, frozen or not. */
static bool kill_at_once(const struct cgroup *cg)
{
	const struct hierarchy *h = main_hierarchy(cg);
	return h && cg->unified && !try_write_file(AT_FDCWD, fmt("%s/cgroup.kill", h->dir), "1");
}

/* One by one.  First without the freezer, which is slow: few programs fork against it. */
static int try_kill_each(const struct cgroup *cg, bool first)
{
	if (!first)
		return try_signal_frozen(cg, SIGKILL, true);
	int result = try_signal_all(cg, SIGKILL), error = errno;
	if (cgroup_frozen(cg)) /* on v1 they would not die */
		try_freezer(cg, false);
	errno = error;
	return result;
}

static int try_kill_all(const struct cgroup *cg)
{
	const int64_t end = now_ms() + PATIENCE_MS;
	bool at_once = false;

	for (int round = 0; !is_empty(cg); round++) {
		if (now_ms() > end)
			return errno = ETIMEDOUT, -1;
		at_once = at_once || kill_at_once(cg);
		if (!at_once && round % 4 == 0 && try_kill_each(cg, !round) < 0 && errno != EAGAIN)
			return -1;
		wait_us(round < 8 ? 250L << round : 50000);
	}
	return 0;
}

static bool holds_us(const struct cgroup *cg)
{
	size_t n;
	const pid_t *pids = cgroup_pids(cg, &n);
	return lists(pids, n, getpid());
}

int try_cgroup_kill(const struct cgroup *cg, int signal)
{
	if (holds_us(cg))
		return errno = EDEADLK, -1;
	if (signal == SIGKILL)
		return try_kill_all(cg);
	bool was_frozen = cgroup_frozen(cg);
	return was_frozen ? try_signal_all(cg, signal) : try_signal_frozen(cg, signal, true);
}

/* ---- out of memory ---- */

static uint64_t counter(const char *of, const char *name)
{
	EACH(line, split(of, '\n'))
		if (starts_with(*line, name) && (*line)[strlen(name)] == ' ')
			return strtoull(*line + strlen(name), NULL, 10);
	return 0;
}

struct cgroup_oom cgroup_oom(const struct cgroup *cg)
{
	const struct hierarchy *h = cgroup_hierarchy(cg, "memory");
	const char *events = NULL;

	if (h)
		events = try_read_whole(AT_FDCWD,
					fmt("%s/%s", h->dir, cg->unified ? "memory.events" : "memory.oom_control"));
	if (!events)
		return (struct cgroup_oom){ 0 };
	return (struct cgroup_oom){ counter(events, cg->unified ? "oom" : "oom_kill"), counter(events, "oom_kill") };
}
