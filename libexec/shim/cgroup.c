#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define DEEPEST 16 /* cgroups in cgroups that the container made on v1 */

/* The numbers of cgroup.procs, one by one. */
struct pids {
	int fd;
	size_t at, have;
	char buffer[1024];
};

static int next_char(struct pids *p)
{
	if (p->at == p->have) {
		ssize_t n = read(p->fd, p->buffer, sizeof p->buffer);
		if (n <= 0)
			return -1;
		p->have = (size_t) n;
		p->at = 0;
	}
	return p->buffer[p->at++];
}

static pid_t next_pid(struct pids *p)
{
	pid_t pid = 0;
	for (int c = next_char(p); c >= '0' && c <= '9'; c = next_char(p))
		pid = pid * 10 + (c - '0');
	return pid;
}

static int try_open_pids(int dir, struct pids *p)
{
	p->at = p->have = 0;
	p->fd = openat(dir, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	return p->fd;
}

static bool holds(int dir, pid_t pid)
{
	struct pids p;
	pid_t other;

	if (try_open_pids(dir, &p) < 0)
		return false;
	while ((other = next_pid(&p)) && other != pid)
		;
	close(p.fd);
	return other == pid;
}

/* The number is looked up once more after the descriptor is ours: until then it may have become another's. */
static void kill_one(int dir, pid_t pid)
{
	int fd = (int) syscall(SYS_pidfd_open, pid, 0);
	if (fd < 0)
		return;
	if (holds(dir, pid))
		syscall(SYS_pidfd_send_signal, fd, SIGKILL, NULL, 0);
	close(fd);
}

static size_t kill_members(int dir)
{
	struct pids p;
	pid_t pid, own = getpid();
	size_t n = 0;

	if (try_open_pids(dir, &p) < 0)
		return 0;
	while ((pid = next_pid(&p))) {
		if (pid == own)
			continue;
		kill_one(dir, pid);
		n++;
	}
	close(p.fd);
	return n;
}

static int open_dir_at(int dir, const char *path)
{
	return openat(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static size_t kill_tree(int dir, int depth)
{
	char buffer[1024] __attribute__((aligned(8)));
	size_t n = kill_members(dir);
	ssize_t length;

	while (depth < DEEPEST && (length = getdents64(dir, buffer, sizeof buffer)) > 0) {
		for (ssize_t at = 0; at < length;) {
			const struct dirent64 *e = (const void *) (buffer + at);
			int below = e->d_type == DT_DIR && *e->d_name != '.' ? open_dir_at(dir, e->d_name) : -1;
			at += e->d_reclen;
			if (below < 0)
				continue;
			n += kill_tree(below, depth + 1);
			close(below);
		}
	}
	return n;
}

static int try_write(int dir, const char *file, const char *what)
{
	int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t n = write(fd, what, strlen(what));
	close(fd);
	return n < 0 ? -1 : 0;
}

/* The number after `key` where it starts a line of a cgroup's file, 0 where it does not; false: there is no such file.
 */
static bool try_read_key(int dir, const char *file, const char *key, uint64_t *to)
{
	char text[2048];
	uint64_t value = 0;
	int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

	*to = 0;
	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	text[n] = 0;
	const char *at = text;
	while (at && strncmp(at, key, strlen(key)))
		at = strchr(at, '\n') ? strchr(at, '\n') + 1 : NULL;
	for (at = at ? at + strlen(key) : ""; *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (uint64_t) (*at - '0');
	*to = value;
	return true;
}

/* v2 since Linux 5.14 ends a cgroup and all below it at one stroke, whatever forks meanwhile. */
static size_t kill_in(const char *path)
{
	uint64_t n;
	int dir = open_dir_at(AT_FDCWD, path);

	if (dir < 0)
		return 0;
	if (try_write(dir, "cgroup.kill", "1"))
		n = kill_tree(dir, 0);
	else
		try_read_key(dir, "cgroup.events", "populated ", &n);
	close(dir);
	return (size_t) n;
}

static size_t kill_all(char *const *dirs)
{
	size_t n = 0;
	for (; *dirs; dirs++)
		n += kill_in(*dirs);
	return n;
}

static void write_freezer(char *const *dirs, const char *what)
{
	for (; *dirs; dirs++) {
		int dir = open_dir_at(AT_FDCWD, *dirs);
		if (dir < 0)
			continue;
		try_write(dir, "freezer.state", what);
		close(dir);
	}
}

/* On v1 the freezer, if it is among the hierarchies, keeps a fork bomb from outrunning us: what is frozen does not
 * fork, and dies when it thaws.  It is slow (the kernel patches its own code for it), and mostly nobody is left. */
size_t cgroup_kill(char *const *dirs)
{
	size_t n = kill_all(dirs);

	if (!n)
		return 0;
	write_freezer(dirs, "FROZEN");
	n = kill_all(dirs);
	write_freezer(dirs, "THAWED");
	return n;
}

/* memory.events of v2, memory.oom_control of v1: both say it in the same words.  From the end: memory is the last. */
uint64_t cgroup_oom_kills(char *const *dirs)
{
	size_t count = 0;
	uint64_t n = 0;
	bool found = false;

	while (dirs[count])
		count++;
	while (!found && count--) {
		int dir = open_dir_at(AT_FDCWD, dirs[count]);
		if (dir < 0)
			continue;
		found = try_read_key(dir, "memory.events", "oom_kill ", &n) ||
			try_read_key(dir, "memory.oom_control", "oom_kill ", &n);
		close(dir);
	}
	return n;
}
