#include "cgroup.h"

#include "line.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/eventfd.h>
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

/* ---- memory: the last of the directories that has its files ---- */

static int open_memory(char *const *dirs)
{
	size_t count = 0;
	uint64_t n;

	while (dirs[count])
		count++;
	while (count--) {
		int dir = open_dir_at(AT_FDCWD, dirs[count]);
		if (dir < 0)
			continue;
		if (try_read_key(dir, "memory.events", "oom_kill ", &n) ||
		    try_read_key(dir, "memory.oom_control", "oom_kill ", &n))
			return dir;
		close(dir);
	}
	return -1;
}

/* Both say it in the same words. */
static uint64_t oom_kills(int dir)
{
	uint64_t n;
	if (!try_read_key(dir, "memory.events", "oom_kill ", &n))
		try_read_key(dir, "memory.oom_control", "oom_kill ", &n);
	return n;
}

static uint64_t file_number(int dir, const char *file)
{
	uint64_t n;
	try_read_key(dir, file, "", &n);
	return n;
}

#define NEAR (64 << 12) /* what the kernel may ask of a counter at once */

static bool reached(int dir, const char *most, const char *limit)
{
	uint64_t at = file_number(dir, limit);
	return at && file_number(dir, most) + NEAR >= at;
}

/* v2 counts `oom` where a limit was hit, and above.  v1 counts refusals (since Linux 6.13 or so always 0) and remembers
 * the highest use: who is killed for a limit above has not reached his own. */
static bool is_own_limit(int dir)
{
	uint64_t n;
	if (try_read_key(dir, "memory.events", "oom ", &n))
		return n;
	return file_number(dir, "memory.failcnt") ||
	       reached(dir, "memory.max_usage_in_bytes", "memory.limit_in_bytes") ||
	       reached(dir, "memory.memsw.max_usage_in_bytes", "memory.memsw.limit_in_bytes");
}

struct memory_end cgroup_memory_end(char *const *dirs)
{
	struct memory_end m = { 0 };
	int dir = open_memory(dirs);

	if (dir < 0)
		return m;
	m.oom_kills = oom_kills(dir);
	m.own_limit = is_own_limit(dir);
	m.peak = file_number(dir, "memory.peak");
	if (!m.peak)
		m.peak = file_number(dir, "memory.max_usage_in_bytes");
	close(dir);
	return m;
}

uint64_t cgroup_oom_kills(char *const *dirs)
{
	int dir = open_memory(dirs);
	uint64_t n = dir < 0 ? 0 : oom_kills(dir);

	if (dir >= 0)
		close(dir);
	return n;
}

/* v1: an eventfd, which is told of the file by its number.  cgroup-v1/memory.rst, section 10. */
static int watch_v1(int dir)
{
	struct line how = { 0 };
	int counter = (int) syscall(SYS_eventfd2, 0, EFD_CLOEXEC | EFD_NONBLOCK);
	int file = openat(dir, "memory.oom_control", O_RDONLY | O_CLOEXEC);

	put_number(&how, (uint64_t) counter, 1);
	put(&how, " ");
	put_number(&how, (uint64_t) file, 1);
	how.text[how.length] = 0;
	bool good = counter >= 0 && file >= 0 && !try_write(dir, "cgroup.event_control", how.text);
	if (file >= 0)
		close(file);
	if (!good && counter >= 0)
		close(counter);
	return good ? counter : -1;
}

/* v2: a change of memory.events wakes who polls for POLLPRI and has read it before. */
static int watch_v2(int dir)
{
	char drop[512];
	int file = openat(dir, "memory.events", O_RDONLY | O_CLOEXEC);
	if (file >= 0 && read(file, drop, sizeof drop) < 0)
		drop[0] = 0;
	return file;
}

int cgroup_oom_watch(char *const *dirs, short *events)
{
	uint64_t n;
	int dir = open_memory(dirs);

	if (dir < 0)
		return -1;
	bool v2 = try_read_key(dir, "memory.events", "oom_kill ", &n);
	*events = v2 ? POLLPRI : POLLIN;
	int fd = v2 ? watch_v2(dir) : watch_v1(dir);
	close(dir);
	return fd;
}

bool cgroup_oom_heard(int watch)
{
	char drop[512];
	return pread(watch, drop, sizeof drop, 0) > 0 || (errno == ESPIPE && read(watch, drop, sizeof drop) > 0);
}
