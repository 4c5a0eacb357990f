#include "ending.h"

#include "cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

/* Who was adopted is another's child: the kernel tells once that one has reaped it. */
static bool learn_adopted(struct ending *e, int pidfd)
{
	struct own_pidfd_info info = { .mask = OWN_PIDFD_INFO_EXIT };
	if (ioctl(pidfd, OWN_PIDFD_GET_INFO, &info) < 0 || !(info.mask & OWN_PIDFD_INFO_EXIT))
		return false;
	set_status(e, info.status);
	return true;
}

/* The system call has an argument more than waitid(3): the resources used. */
bool try_ending_learn(struct ending *e, int pidfd)
{
	siginfo_t info = { 0 };
	struct rusage usage = { 0 };

	clock_gettime(CLOCK_REALTIME, &e->finished);
	e->unknown = true;
	e->code = CODE_UNKNOWN;
	if (syscall(SYS_waitid, P_PIDFD, pidfd, &info, WEXITED | WNOWAIT | WNOHANG, &usage) < 0)
		return errno == ECHILD && learn_adopted(e, pidfd);
	if (!info.si_pid)
		return false;
	e->unknown = false;
	e->signal = info.si_code == CLD_EXITED ? 0 : info.si_status;
	e->core = info.si_code == CLD_DUMPED;
	e->code = e->signal ? 128 + e->signal : info.si_status;
	e->user_usec = usec(usage.ru_utime);
	e->system_usec = usec(usage.ru_stime);
	e->max_rss_kib = (uint64_t) usage.ru_maxrss;
	return true;
}

static void put(struct ending *e, const char *s)
{
	size_t n = strlen(s);
	if (n > sizeof e->text - e->length)
		n = sizeof e->text - e->length;
	memcpy(e->text + e->length, s, n);
	e->length += n;
}

static void put_number(struct ending *e, uint64_t n, int least_digits)
{
	char digits[24], *at = digits + sizeof digits - 1;
	*at = 0;
	for (int i = 0; n || i < least_digits; i++, n /= 10)
		*--at = (char) ('0' + n % 10);
	put(e, at);
}

static bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

/* RFC 3339 in UTC.  gmtime(3) would read the time zone's files and allocate. */
static void put_time(struct ending *e)
{
	static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	long days = e->finished.tv_sec / 86400, second = e->finished.tv_sec % 86400;
	int year = 1970, month = 0;

	for (; days >= 365 + is_leap(year); year++)
		days -= 365 + is_leap(year);
	for (; days >= month_days[month] + (month == 1 && is_leap(year)); month++)
		days -= month_days[month] + (month == 1 && is_leap(year));

	const struct {
		const char *before;
		int digits;
		uint64_t value;
	} parts[] = { { "\"", 4, (uint64_t) year },
		      { "-", 2, (uint64_t) month + 1 },
		      { "-", 2, (uint64_t) days + 1 },
		      { "T", 2, (uint64_t) second / 3600 },
		      { ":", 2, (uint64_t) second / 60 % 60 },
		      { ":", 2, (uint64_t) second % 60 },
		      { ".", 9, (uint64_t) e->finished.tv_nsec } };
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		put(e, parts[i].before);
		put_number(e, parts[i].value, parts[i].digits);
	}
	put(e, "Z\"");
}

void ending_describe(struct ending *e, char *const *cgroups)
{
	e->oom_kills = cgroup_oom_kills(cgroups);
	/* clang-format off */
	const struct { const char *key; uint64_t value; bool is_flag, always; } rows[] = {
		{ "{\"code\":",		(uint64_t) e->code,	false, true },
		{ ",\"signal\":",	(uint64_t) e->signal,	false, false },
		{ ",\"core\":",		e->core,		true,  true },
		{ ",\"unknown\":",	e->unknown,		true,  false },
		{ ",\"oom\":",		e->oom_kills > 0,	true,  true },
		{ ",\"oomKills\":",	e->oom_kills,		false, true },
		{ ",\"user_usec\":",	e->user_usec,		false, true },
		{ ",\"system_usec\":",	e->system_usec,		false, true },
		{ ",\"max_rss_kib\":",	e->max_rss_kib,		false, true },
	};
	/* clang-format on */

	e->length = 0;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!rows[i].always && !rows[i].value)
			continue;
		put(e, rows[i].key);
		if (rows[i].is_flag)
			put(e, rows[i].value ? "true" : "false");
		else
			put_number(e, rows[i].value, 1);
	}
	put(e, ",\"finished\":");
	put_time(e);
	put(e, "}\n");
}

int try_ending_store(const struct ending *e, int dir)
{
	int fd = openat(dir, "exit.json.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -1;
	bool good = write(fd, e->text, e->length) == (ssize_t) e->length && !fsync(fd);
	close(fd);
	return good ? renameat(dir, "exit.json.new", dir, "exit.json") : -1;
}
