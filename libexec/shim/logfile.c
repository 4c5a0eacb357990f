#include "logfile.h"

#include "line.h"
#include "shim.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_NUMBER 999999999 /* of a name that we look at */
#define TRIES          64        /* places that are taken, before it is put off */

/* "NAME.stdout" or "NAME.log", and ".N". */
static struct line named(const struct capture *c, const char *kind)
{
	struct line l = { .length = 0 };
	put(&l, c->name);
	put(&l, ".");
	put(&l, kind);
	return l;
}

static void add_number(struct line *l, uint64_t n)
{
	put(l, ".");
	put_number(l, n, 1);
	l->text[l->length] = 0;
}

static int drop_file(int fd)
{
	if (fd >= 0)
		close(fd);
	errno = EEXIST;
	return -1;
}

/* A file of one name, or what a file of ours can be taken for. */
static int try_open_found(const char *name, struct stat *st)
{
	int fd = openat(LOG_DIR, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, st) < 0 || !S_ISREG(st->st_mode) || st->st_nlink != 1)
		return drop_file(fd);
	return fd;
}

static int try_create(const char *name)
{
	int fd = openat(LOG_DIR, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0)
		fchmod(fd, 0644); /* whatever the umask */
	return fd;
}

/* The number of "STREAM.N"; -1: another's name. */
static int64_t number_after(const struct line *stream, const char *file)
{
	int64_t n = 0;

	if (strncmp(file, stream->text, stream->length) || file[stream->length] != '.' || !file[stream->length + 1])
		return -1;
	for (file += stream->length + 1; *file >= '0' && *file <= '9' && n <= LARGEST_NUMBER; file++)
		n = n * 10 + (*file - '0');
	return *file || n > LARGEST_NUMBER ? -1 : n;
}

/* The highest number that is there, -1: none.  Those below `least` are deleted. */
static int64_t survey(const struct line *stream, int64_t least)
{
	char buffer[1024] __attribute__((aligned(8)));
	int64_t highest = -1;
	ssize_t length;
	int dir = openat(LOG_DIR, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	while (dir >= 0 && (length = getdents64(dir, buffer, sizeof buffer)) > 0) {
		for (ssize_t at = 0; at < length;) {
			const struct dirent64 *e = (const void *) (buffer + at);
			int64_t n = number_after(stream, e->d_name);
			at += e->d_reclen;
			highest = n > highest ? n : highest;
			if (n >= 0 && n < least)
				unlinkat(LOG_DIR, e->d_name, 0);
		}
	}
	if (dir >= 0)
		close(dir);
	return highest;
}

static void set_file(int *place, int fd)
{
	if (*place >= 0)
		close(*place);
	*place = fd;
}

static struct line numbered(const struct capture *c, const struct stream *t)
{
	struct line l = named(c, t->name);
	add_number(&l, t->number);
	return l;
}

static int try_log_new(struct capture *c, struct stream *t)
{
	int fd = -1;

	errno = EEXIST;
	for (int tries = 0; fd < 0 && errno == EEXIST && tries < TRIES; tries++) {
		struct line name = numbered(c, t);
		if ((fd = try_create(name.text)) < 0 && errno == EEXIST)
			t->number++;
	}
	if (fd < 0)
		return -1;
	set_file(&t->file, fd);
	struct line stream = named(c, t->name);
	survey(&stream, (int64_t) t->number - (int64_t) c->files + 1);
	return 0;
}

int try_log_next(struct capture *c, struct stream *t)
{
	t->number++;
	if (!try_log_new(c, t))
		return 0;
	t->number--; /* tried again the next time */
	return -1;
}

int try_log_resume(struct capture *c, struct stream *t)
{
	struct line stream = named(c, t->name);
	struct stat st;
	int64_t highest = survey(&stream, 0);

	t->number = highest < 0 ? 0 : (uint64_t) highest;
	if (highest < 0)
		return try_log_new(c, t);
	struct line name = numbered(c, t);
	int fd = try_open_found(name.text, &st);
	if (fd < 0)
		return try_log_next(c, t);
	set_file(&t->file, fd);
	return 0;
}

int try_log_open(struct capture *c)
{
	struct line name = named(c, "log");
	struct stat st;
	int fd = try_open_found(name.text, &st);

	if (fd < 0) {
		unlinkat(LOG_DIR, name.text, 0); /* what was put in our place: this name is not free to choose */
		st.st_size = 0;
		fd = try_create(name.text);
	}
	if (fd < 0)
		return -1;
	set_file(&c->log, fd);
	/* Shorter than recorded: it was rotated, or cut by somebody. */
	if (c->progress.log_size > (uint64_t) st.st_size)
		c->progress.log_size = (uint64_t) st.st_size;
	return 0;
}

static struct line older(const struct capture *c, uint64_t number)
{
	struct line l = named(c, "log");
	if (number)
		add_number(&l, number);
	return l;
}

static bool is_there(const struct capture *c, uint64_t number)
{
	struct line name = older(c, number);
	int fd = openat(LOG_DIR, name.text, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static int try_age(const struct capture *c, uint64_t number)
{
	struct line from = older(c, number), to = older(c, number + 1);
	if (number + 1 >= c->files)
		return unlinkat(LOG_DIR, from.text, 0);
	return renameat(LOG_DIR, from.text, LOG_DIR, to.text);
}

/* Each is renamed to the next number, up to the first that is free: where a shim was killed amid this, it goes on. */
int try_log_rotate(struct capture *c)
{
	uint64_t last = 0;

	while (is_there(c, last) && last + 1 < c->files)
		last++;
	for (uint64_t n = is_there(c, last) ? last + 1 : last; n; n--)
		if (try_age(c, n - 1) < 0)
			return -1;
	return try_log_open(c);
}
