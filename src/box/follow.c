#include "box/follow.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/logging.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define POLL_MS 200

struct follow {
	int dir, notify;
	const char *name;
	bool renamed;   /* else numbered */
	int progress;   /* renamed; -1: none */
	int fd;         /* of the file that is being read; -1: there was none yet */
	int64_t number; /* numbered: of that file, or the last before the first */
};

/* By a descriptor, so that it is the very file, whatever it is called. */
static bool try_watch(int notify, int fd, uint32_t events)
{
	return fd < 0 || inotify_add_watch(notify, fmt("/proc/self/fd/%d", fd), events) >= 0;
}

/* How many followers a user may have, the host says (fs.inotify.max_user_instances): more of them look now and then. */
static int open_notify(int dir, int progress)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

	if (fd >= 0 && try_watch(fd, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) && try_watch(fd, progress, IN_MODIFY))
		return fd;
	fd_close(&fd);
	fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	struct timespec each = { 0, POLL_MS * 1000000L };
	if (fd < 0 || timerfd_settime(fd, 0, &(struct itimerspec){ each, each }, NULL) < 0)
		fail_sys("watch the log directory");
	return fd;
}

static struct follow *begin(int dir, const char *name, bool renamed, int progress)
{
	struct follow *f = mem(sizeof *f);
	*f = (struct follow){
		.dir = dir, .name = name, .renamed = renamed, .progress = progress, .fd = -1, .number = -1
	};
	f->notify = open_notify(dir, progress);
	return f;
}

struct follow *follow_open(int log_dir, const char *stream) { return begin(log_dir, stream, false, -1); }

struct follow *follow_open_renamed(int log_dir, const char *file, int progress)
{
	return begin(log_dir, file, true, progress);
}

int follow_fd(const struct follow *f) { return f->notify; }

static const char *file_name(const struct follow *f, int64_t number, char room[NAME_MAX + 1])
{
	bool is_newest = f->renamed && !number;
	snprintf(room, NAME_MAX + 1, is_newest ? "%s" : "%s.%lld", f->name, (long long) number);
	return room;
}

/* -1 and ENOENT: there is none of that number; EINVAL: what is there is no file of ours. */
static int try_open_number(const struct follow *f, int64_t number)
{
	char name[NAME_MAX + 1];
	struct stat st;
	autoclose int fd = try_open(f->dir, file_name(f, number, name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);

	if (fd < 0) {
		errno = errno == ENOENT ? ENOENT : EINVAL;
		return -1;
	}
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
		errno = EINVAL;
		return -1;
	}
	return fd_take(&fd);
}

/* NAME.N; -1: another file. */
static int64_t number_of(const struct follow *f, const char *file)
{
	size_t length = strlen(f->name);
	int64_t n;

	if (f->renamed && same(file, f->name))
		return 0;
	if (strncmp(file, f->name, length) || file[length] != '.')
		return -1;
	return number(file + length + 1, 0, INT32_MAX, &n) ? n : -1;
}

/* The lowest number above `after`, or the highest of all; -1: none. */
static int64_t find_number(const struct follow *f, int64_t after, bool highest)
{
	int64_t found = -1;
	DIR *d = fdopendir(open_dir(f->dir, "."));

	if (!d)
		fail_sys("log directory");
	for (struct dirent *e; (e = readdir(d));) {
		int64_t n = number_of(f, e->d_name);
		if (n > after && (found < 0 || (highest ? n > found : n < found)))
			found = n;
	}
	closedir(d);
	return found;
}

static void set_file(struct follow *f, int fd, int64_t number)
{
	fd_close(&f->fd);
	f->fd = fd;
	f->number = number;
}

void follow_rewind(struct follow *f) { set_file(f, -1, -1); }

/* The next number is taken for granted while our file stands: only where that has been deleted, others may be, too. */
static int next_numbered(const struct follow *f, int64_t *number)
{
	struct stat st;
	bool stands = f->fd >= 0 && !fstat(f->fd, &st) && st.st_nlink;
	int fd = -1;

	*number = f->number;
	do
		*number = stands ? *number + 1 : find_number(f, *number, false);
	while (*number >= 0 && (fd = try_open_number(f, *number)) < 0 && errno == EINVAL);
	return *number < 0 ? -1 : fd;
}

static bool is_at(const struct follow *f, int64_t number)
{
	char name[NAME_MAX + 1];
	struct stat ours, there;
	return !fstat(f->fd, &ours) && !fstatat(f->dir, file_name(f, number, name), &there, AT_SYMLINK_NOFOLLOW) &&
	       ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
}

/* The one before ours in number.  Files are renamed from the oldest on, so upwards none is overlooked; what is between
 * two names, or has moved while we looked, is found the next time. */
static int next_renamed(const struct follow *f, int64_t *number)
{
	int64_t oldest = find_number(f, -1, true), at = 0;

	if (f->fd < 0) {
		*number = oldest;
		return oldest < 0 ? -1 : try_open_number(f, oldest);
	}
	while (at <= oldest && !is_at(f, at))
		at++;
	if (at == 0)
		return -1;
	*number = at > oldest ? oldest : at - 1;
	autoclose int fd = *number < 0 ? -1 : try_open_number(f, *number);
	return at > oldest || is_at(f, at) ? fd_take(&fd) : -1;
}

/* How much of our file is there to stay.  Asked in this order: one that has been renamed is complete. */
static size_t readable(const struct follow *f, size_t room)
{
	if (f->progress < 0 || !is_at(f, 0))
		return room;
	uint64_t end = logs_recorded(f->progress), at = (uint64_t) lseek(f->fd, 0, SEEK_CUR);
	return end <= at ? 0 : end - at < room ? (size_t) (end - at) : room;
}

static ssize_t read_file(const struct follow *f, char *to, size_t room)
{
	ssize_t n = f->fd < 0 ? 0 : read(f->fd, to, readable(f, room));
	if (n < 0)
		fail_sys("log file %s", f->name);
	return n;
}

/* Files that were deleted before we came to them: whoever reads is told. */
static void say_missed(const struct follow *f, int64_t next)
{
	int64_t missed = f->fd < 0 ? 0 : f->renamed ? !is_at(f, next + 1) : next - f->number - 1;
	if (missed > 0)
		warn("%s: output is missing here: %s", f->name,
		     f->renamed ? "files were rotated away before they could be read"
				: fmt("%lld files were rotated away before they could be read", (long long) missed));
}

/* A file is complete when the next one is there, so it is read once more then. */
static ssize_t read_on(struct follow *f, char *to, size_t room)
{
	ssize_t n;

	while (!(n = read_file(f, to, room))) {
		int64_t number;
		int next = f->renamed ? next_renamed(f, &number) : next_numbered(f, &number);
		if (next < 0)
			return 0;
		n = read_file(f, to, room);
		if (n) {
			close(next);
			return n;
		}
		say_missed(f, number);
		set_file(f, next, number);
	}
	return n;
}

/* Told of first, looked for then: what comes in between makes follow_fd readable again. */
ssize_t follow_read(struct follow *f, char *to, size_t room)
{
	char heard[4096];
	ssize_t n = read_on(f, to, room);

	if (n)
		return n;
	while (read(f->notify, heard, sizeof heard) > 0)
		;
	return read_on(f, to, room);
}
