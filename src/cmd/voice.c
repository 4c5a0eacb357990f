#include "cmd/voice.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "box/follow.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A line longer than this is printed in pieces. */
#define LONGEST         16384
#define ROOM_FOR_PREFIX 1024

struct voice {
	struct follow *from;
	struct sink *to;
	const char *prefix;
	size_t length;
	bool more, ended;
	char line[LONGEST];
};

/* ---- where it goes ---- */

static bool wants_colour(int fd)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");
	return isatty(fd) && !(no && *no) && terminal && strcmp(terminal, "dumb") != 0;
}

struct sink *sink_new(int fd)
{
	struct sink *s = mem(sizeof *s);
	s->fd = fd;
	s->colour = wants_colour(fd);
	return s;
}

/* By PIPE_BUF: so much a pipe takes at once when poll(2) says that it takes anything (pipe(7)). */
static ssize_t pass(const struct sink *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLOUT };
	if (poll(&p, 1, 0) < 1)
		return 0;
	ssize_t n = write(s->fd, s->bytes, s->length < PIPE_BUF ? s->length : PIPE_BUF);
	return n < 0 && (errno == EINTR || errno == EAGAIN) ? 0 : n;
}

/* The log files have it all the same. */
static void give_up(struct sink *s)
{
	s->broken = true;
	s->unread = errno == EPIPE;
	if (!s->unread)
		warn("standard %s: %s; what the tasks say is in their logs only", s->fd == 1 ? "output" : "error",
		     strerror(errno));
}

void sink_flush(struct sink *s)
{
	while (s->length && !s->broken) {
		ssize_t n = pass(s);
		if (!n)
			return;
		if (n < 0)
			give_up(s);
		s->length -= n > 0 ? (size_t) n : 0;
		memmove(s->bytes, s->bytes + (n > 0 ? n : 0), s->length);
	}
	s->length = 0;
}

struct pollfd sink_waits(const struct sink *s) { return (struct pollfd){ s->length ? s->fd : -1, POLLOUT, 0 }; }

static void put(struct sink *s, const char *what, size_t length)
{
	memcpy(s->bytes + s->length, what, length);
	s->length += length;
}

/* ---- where it comes from ---- */

static const char *prefix_of(const char *label, int width, int number, bool colour)
{
	static const char *const colours[] = { "36", "33", "32", "35", "34", "31" };
	const char *plain = fmt("%-*.200s | ", width, label);
	return colour ? fmt("\033[%sm%s\033[0m", colours[(size_t) number % (sizeof colours / sizeof *colours)], plain)
		      : plain;
}

struct voice *voice_new(const char *log_dir, const char *task, const char *stream, const char *label, int width,
			int number, struct sink *to)
{
	struct voice *v = mem(sizeof *v);
	v->from = follow_open(open_dir(AT_FDCWD, log_dir), fmt("%s.%s", task, stream));
	v->to = to;
	v->prefix = prefix_of(label, width, number, to->colour);
	v->more = true;
	return v;
}

/* The first line that is held, its end included; 0: there is none yet. */
static size_t line_length(const struct voice *v)
{
	const char *end = memchr(v->line, '\n', v->length);
	bool as_it_is = v->length == LONGEST || (v->ended && !v->more);
	return end ? (size_t) (end - v->line) + 1 : as_it_is ? v->length : 0;
}

static bool is_full(const struct sink *s) { return s->length + LONGEST + ROOM_FOR_PREFIX > sizeof s->bytes; }

static void say(struct voice *v, size_t length)
{
	bool whole = v->line[length - 1] == '\n';

	put(v->to, v->prefix, strlen(v->prefix));
	put(v->to, v->line, length);
	if (!whole)
		put(v->to, "\n", 1);
	v->length -= length;
	memmove(v->line, v->line + length, v->length);
}

/* False: neither a line nor anything to make one of. */
static bool next(struct voice *v)
{
	size_t length = line_length(v);
	if (length) {
		say(v, length);
		return true;
	}
	if (!v->more)
		return false;
	ssize_t n = follow_read(v->from, v->line + v->length, LONGEST - v->length);
	v->more = n > 0;
	v->length += n > 0 ? (size_t) n : 0;
	return v->more || v->ended;
}

void voice_speak(struct voice *v, bool heard)
{
	v->more |= heard;
	for (;;) {
		if (is_full(v->to))
			sink_flush(v->to);
		if (is_full(v->to) || !next(v))
			return;
	}
}

struct pollfd voice_waits(const struct voice *v)
{
	return (struct pollfd){ v->ended || is_full(v->to) ? -1 : follow_fd(v->from), POLLIN, 0 };
}

void voice_end(struct voice *v) { v->more = v->ended = true; }

void voice_resume(struct voice *v)
{
	v->ended = false;
	v->more = true;
}

bool voice_is_silent(const struct voice *v) { return !v->more && !v->length && !v->to->length; }
