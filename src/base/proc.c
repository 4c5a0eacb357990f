#include "base/proc.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Field 22; dead: of a zombie too. */
static uint64_t read_started(pid_t pid, bool dead)
{
	const char *stat = try_read_whole(AT_FDCWD, fmt("/proc/%d/stat", pid));
	/* The name stands in brackets and may hold anything, brackets too. */
	const char *at = stat ? strrchr(stat, ')') : NULL;
	if (!at || at[1] != ' ' || (!dead && strchr("ZXx", at[2])))
		return 0;
	for (int field = 2; field < 22 && at; field++)
		at = strchr(at + 1, ' ');
	return at ? strtoull(at + 1, NULL, 10) : 0;
}

uint64_t proc_started(pid_t pid) { return read_started(pid, false); }

static int try_open_process(pid_t pid, uint64_t started, bool dead)
{
	int fd = (int) syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return -1;
	/* Asked after the descriptor is ours, so the number cannot have changed hands in between. */
	if (read_started(pid, dead) == started)
		return fd;
	close(fd);
	errno = ESRCH;
	return -1;
}

int try_proc_open(pid_t pid, uint64_t started) { return try_open_process(pid, started, false); }
int try_proc_open_dead(pid_t pid, uint64_t started) { return try_open_process(pid, started, true); }

int try_proc_signal(int pidfd, int signal) { return (int) syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0); }

bool proc_wait(int pidfd, int timeout_ms)
{
	struct pollfd p = { .fd = pidfd, .events = POLLIN };
	int n;
	do
		n = poll(&p, 1, timeout_ms);
	while (n < 0 && errno == EINTR);
	return n > 0;
}

const char *helper_path(const char *name)
{
	char self[4096];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (n < 0)
		fail_sys("/proc/self/exe (is /proc mounted?)");
	self[n] = 0;
	const char *here = dir_name(self), *beside = fmt("%s/libexec/bivy/%s", here, name);
	return exists(AT_FDCWD, beside) ? beside : fmt("%s/libexec/bivy/%s", dir_name(here), name);
}

int helper_open(const char *name)
{
	const char *path = helper_path(name);
	int fd = try_open(AT_FDCWD, path, O_RDONLY);
	if (fd < 0)
		fail_sys("bivy's own program %s (is bivy installed whole?)", path);
	return fd;
}
