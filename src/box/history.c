#include "box/history.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/container.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_NAME "events"
#define MOST      (1 << 20) /* libexec/shim/event.c: the same */

/* Its length, 0 when it could not be written. */
static off_t write_line(int fd, const char *id, const char *type)
{
	const char *line = fmt("{\"type\":\"%s\",\"id\":\"%s\",\"time\":\"%s\"}\n", type, id, time_now());
	ssize_t n = write(fd, line, strlen(line));

	if (n < 0)
		debug("container %s: %s could not be told: %s", id, type, strerror(errno));
	return n < 0 ? 0 : n;
}

void history_tell(int state_dir, const char *id, const char *type)
{
	autoclose int fd = try_open(state_dir, FILE_NAME, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || (st.st_size >= MOST && !same(type, "deleted")))
		return;
	off_t length = write_line(fd, id, type);
	off_t end = lseek(fd, 0, SEEK_CUR); /* of our line, whoever writes meanwhile */
	if (end >= MOST && end - length < MOST)
		write_line(fd, id, "history-full");
}

/* ---- following ---- */

struct reader {
	const char *id;
	int file;
	size_t have;
	char part[4096]; /* of lines, which are shorter than that */
};

static void pass_lines(struct reader *r, void (*line)(const char *, size_t))
{
	const char *last = memrchr(r->part, '\n', r->have);
	size_t whole = last ? (size_t) (last - r->part) + 1 : 0;

	if (whole)
		line(r->part, whole);
	r->have -= whole;
	memmove(r->part, r->part + whole, r->have);
}

static void read_more(struct reader *r, void (*line)(const char *, size_t))
{
	struct stat st;
	ssize_t n;

	/* Asked first: what is told before the file is removed is read. */
	bool removed = !fstat(r->file, &st) && !st.st_nlink;
	while ((n = read(r->file, r->part + r->have, sizeof r->part - r->have)) > 0) {
		r->have += (size_t) n;
		pass_lines(r, line);
	}
	if (removed)
		fd_close(&r->file);
}

static struct reader *begin(const struct container *c, int changes)
{
	struct reader *r = mem(sizeof *r);
	r->id = c->id;
	r->file = try_open(c->dir, FILE_NAME, O_RDONLY | O_NOFOLLOW);
	if (r->file < 0)
		fail_sys("events of container \"%s\"", c->id);
	if (inotify_add_watch(changes, fmt("/proc/self/fd/%d", r->file), IN_MODIFY | IN_ATTRIB) < 0)
		fail_sys("watch the events of container \"%s\"", c->id);
	return r;
}

/* Until something has changed.  False: whoever read us is gone. */
static bool wait_for_change(int changes)
{
	char drop[4096];
	struct pollfd p[] = { { changes, POLLIN, 0 }, { STDOUT_FILENO, 0, 0 } };

	if (poll(p, 2, -1) < 0 && errno != EINTR)
		fail_sys("wait for events");
	if (p[0].revents && read(changes, drop, sizeof drop) < 0 && errno != EAGAIN)
		fail_sys("wait for events");
	return !(p[1].revents & (POLLERR | POLLHUP));
}

/* How many are open still. */
static size_t read_all(struct reader *const *readers, void (*line)(const char *, size_t))
{
	size_t open = 0;

	EACH(r, readers) {
		if ((*r)->file >= 0)
			read_more(*r, line);
		open += (*r)->file >= 0;
	}
	return open;
}

void history_follow(struct container *const *all, void (*line)(const char *, size_t))
{
	autoclose int changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	struct reader **readers = NULL;

	if (changes < 0)
		fail_sys("inotify (fs.inotify.max_user_instances bounds how many a user has)");
	EACH(c, all)
		readers = append(readers, begin(*c, changes));
	while (read_all(readers, line) && wait_for_change(changes))
		;
}
