#include "ending.h"

#include "event.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CODE_UNKNOWN 255

/* ioctl_pidfd(2); here because the headers of Debian 12 are older than it (Linux 6.13, the exit code 6.15). */
struct own_pidfd_info {
	uint64_t mask, cgroup;
	uint32_t pid, tgid, ppid, ids[8];
	int32_t status;
};
#define OWN_PIDFD_INFO_EXIT (1U << 3)
#define OWN_PIDFD_GET_INFO  _IOWR(0xff, 11, struct own_pidfd_info)

static uint64_t usec(struct timeval t) { return (uint64_t) t.tv_sec * 1000000 + (uint64_t) t.tv_usec; }

/* From a status as wait(2) gives it. */
static void set_status(struct ending *e, int status)
{
	e->unknown = false;
	e->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	e->core = WIFSIGNALED(status) && WCOREDUMP(status);
	e->code = e->signal ? 128 + e->signal : WEXITSTATUS(status);
}

/* The kernel tells who holds a pidfd, from the moment that the process is reaped. */
static bool learn_reaped(struct ending *e, int pidfd)
{
	struct own_pidfd_info info = { .mask = OWN_PIDFD_INFO_EXIT };
	if (ioctl(pidfd, OWN_PIDFD_GET_INFO, &info) < 0 || !(info.mask & OWN_PIDFD_INFO_EXIT))
		return false;
	set_status(e, info.status);
	return true;
}

/* /proc/PID/stat, proc_pid_stat(5): field 3 is the state, the last one (52) the status of a zombie. */
static int zombie_status(const char *stat)
{
	const char *at = stat, *name_end = NULL;

	for (; *at; at++)
		if (*at == ')')
			name_end = at;
	if (!name_end || name_end[1] != ' ' || name_end[2] != 'Z')
		return -1;
	at = name_end + 1;
	for (int field = 3; at && field < 52; field++)
		at = strchr(at + 1, ' ');
	return at ? atoi(at + 1) : -1;
}

/* What /proc/PID/FILE says, NUL-ended; false: nothing. */
static bool read_proc(pid_t pid, const char *file, char *to, size_t room)
{
	struct line path = { 0 };

	put(&path, "/proc/");
	put_number(&path, (uint64_t) pid, 1);
	put(&path, file);
	path.text[path.length] = 0;
	int fd = open(path.text, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, to, room - 1);
	if (fd >= 0)
		close(fd);
	to[n > 0 ? n : 0] = 0;
	return n > 0;
}

/* A zombie that somebody else is going to reap: a front-end, or an init that is slow.  The number is INIT's as long as
 * the pidfd can be signalled; asked after reading. */
static bool learn_zombie(struct ending *e, int pidfd, pid_t init)
{
	char stat[1024];

	if (!read_proc(init, "/stat", stat, sizeof stat))
		return false;
	int status = zombie_status(stat);
	if (status < 0 || syscall(SYS_pidfd_send_signal, pidfd, 0, NULL, 0) < 0)
		return false;
	set_status(e, status);
	return true;
}

/* bivy's own init cannot die of the signal that its program died of; it ends with 128 and the number, and with that as
 * its name ("signal 11", "signal 11 core": libexec/init/reaper.c), which a zombie keeps. */
static void learn_named(struct ending *e, pid_t init)
{
	char name[32];

	if (!read_proc(init, "/comm", name, sizeof name) || strncmp(name, "signal ", 7) != 0 ||
	    atoi(name + 7) != e->code - 128)
		return;
	e->signal = e->code - 128;
	e->core = strchr(name + 7, 'c');
}

void ending_lost(struct ending *e)
{
	clock_gettime(CLOCK_REALTIME, &e->finished);
	e->unknown = true;
	e->code = CODE_UNKNOWN;
}

/* The system call has an argument more than waitid(3): the resources used. */
bool try_ending_learn(struct ending *e, int pidfd, pid_t init)
{
	siginfo_t info = { 0 };
	struct rusage usage = { 0 };

	ending_lost(e);
	if (syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | WNOWAIT | WNOHANG, &usage) < 0)
		return errno == ECHILD && (learn_reaped(e, pidfd) || learn_zombie(e, pidfd, init));
	/* Ended, and not ours to wait for as long as whoever traces it has not waited: ptrace(2). */
	if (!info.si_pid)
		return learn_zombie(e, pidfd, init);
	e->unknown = false;
	e->signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
	e->core = info.si_code == CLD_DUMPED;
	e->code = e->signal ? 128 + e->signal : info.si_status;
	if (!e->signal && e->code > 128)
		learn_named(e, init);
	e->user_usec = usec(usage.ru_utime);
	e->system_usec = usec(usage.ru_stime);
	e->max_rss_kib = (uint64_t) usage.ru_maxrss;
	return true;
}

/* How a row's value is written; WHEN_SET: only when it is not 0. */
enum form { NUMBER, FLAG, WHEN_SET };

static void put_row(struct line *l, const char *key, enum form form, uint64_t value)
{
	put(l, l->length ? ",\"" : "{\"");
	put(l, key);
	put(l, "\":");
	if (form == FLAG)
		put(l, value ? "true" : "false");
	else
		put_number(l, value, 1);
}

static void put_when(struct line *l, const char *key, const struct timespec *t)
{
	put(l, ",\"");
	put(l, key);
	put(l, "\":");
	put_time(l, t);
}

void ending_describe(struct ending *e, int dir)
{
	const struct memory_end *m = &e->memory;
	/* clang-format off */
	const struct { const char *key; enum form form; uint64_t value; } rows[] = {
		{ "code",		NUMBER,		(uint64_t) e->code },
		{ "signal",		WHEN_SET,	(uint64_t) e->signal },
		{ "core",		FLAG,		e->core },
		{ "unknown",		FLAG,		e->unknown },
		{ "oom",		FLAG,		m->oom_kills > 0 },
		{ "oomKills",		NUMBER,		m->oom_kills },
		{ "user_usec",		NUMBER,		e->user_usec },
		{ "system_usec",	NUMBER,		e->system_usec },
		{ "max_rss_kib",	NUMBER,		e->max_rss_kib },
		{ "memoryPeak",		WHEN_SET,	m->peak },
		{ "droppedStdout",	WHEN_SET,	e->dropped_out },
		{ "droppedStderr",	WHEN_SET,	e->dropped_err },
	};
	/* clang-format on */
	char started[40];

	e->json.length = 0;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (rows[i].form != WHEN_SET || rows[i].value)
			put_row(&e->json, rows[i].key, rows[i].form, rows[i].value);
	if (m->oom_kills)
		put(&e->json, m->own_limit ? ",\"oomLimit\":\"own\"" : ",\"oomLimit\":\"parent\"");
	if (event_find_time(dir, "started", started, sizeof started)) {
		put(&e->json, ",\"started\":\"");
		put(&e->json, started);
		put(&e->json, "\"");
	}
	put_when(&e->json, "finished", &e->finished);
	put(&e->json, "}\n");
}

int try_ending_store(const struct ending *e, int dir)
{
	int fd = openat(dir, "exit.json.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	bool good = write(fd, e->json.text, e->json.length) == (ssize_t) e->json.length && !fsync(fd);
	close(fd);
	return good ? renameat(dir, "exit.json.new", dir, "exit.json") : -1;
}

bool try_ending_recall(struct ending *e, int dir)
{
	int fd = openat(dir, "exit.json", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, e->json.text, sizeof e->json.text);
	if (fd >= 0)
		close(fd);
	e->json.length = n > 0 ? (size_t) n : 0;
	return n > 0;
}
