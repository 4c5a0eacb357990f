#include "base/duration.h"
#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/contact.h"
#include "box/container.h"
#include "box/follow.h"
#include "box/logline.h"
#include "cli/globals.h"
#include "cmd/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define LONGEST_ENTRY (128 << 10) /* 16 KiB of text, each byte escaped, and what goes with it */
#define LOOK_MS       100
#define LOOKS         20

struct logs {
	bool follow, only_stdout, only_stderr;
	const char *tail, *since;
};

/* One file, or one stream's: where it is read, and what is shown of it. */
struct source {
	struct follow *follow;
	bool (*read)(char *, size_t, struct logline *); /* of entries; NULL: it is shown as it is, at `to` */
	int to;
	bool out, err;
	const char *since; /* NULL: all */
	char *text;        /* what was read, LONGEST_ENTRY; all but entries is shown at once */
	size_t length;
	bool counts;                 /* lines, and shows none */
	int64_t lines, to_pass_over; /* seen when counting; not to be shown */
	bool in_line;                /* the last byte was no newline */
};

/* ---- showing ---- */

/* Whoever reads may have seen enough. */
static void show(int to, const char *s, size_t length)
{
	while (length) {
		ssize_t n = write(to, s, length);
		if (n < 0 && errno == EPIPE)
			exit(0);
		if (n < 0 && errno != EINTR)
			fail_sys("standard %s", to == STDOUT_FILENO ? "output" : "error");
		s += n > 0 ? n : 0;
		length -= n > 0 ? (size_t) n : 0;
	}
}

static void count_lines(struct source *s, const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		s->lines += !s->in_line;
		s->in_line = text[i] != '\n';
	}
}

static void pass(struct source *s, int to, const char *text, size_t length)
{
	if (s->counts) {
		count_lines(s, text, length);
		return;
	}
	while (s->to_pass_over && length) {
		const char *newline = memchr(text, '\n', length);
		size_t n = newline ? (size_t) (newline - text) + 1 : length;
		s->to_pass_over -= newline ? 1 : 0;
		text += n;
		length -= n;
	}
	show(to, text, length);
}

static void pass_entry(struct source *s, char *line, size_t length)
{
	struct logline l;

	if (!s->read(line, length, &l) || (l.is_stderr ? !s->err : !s->out) ||
	    (s->since && strcmp(l.time, s->since) < 0))
		return;
	pass(s, l.is_stderr ? STDERR_FILENO : STDOUT_FILENO, l.text, l.length);
}

/* Whole entries; what is left of one waits for its rest at the beginning of `text`. */
static void pass_entries(struct source *s)
{
	char *at = s->text, *end = s->text + s->length, *newline;

	for (; (newline = memchr(at, '\n', (size_t) (end - at))); at = newline + 1)
		pass_entry(s, at, (size_t) (newline - at));
	s->length = (size_t) (end - at);
	if (s->length == LONGEST_ENTRY) /* nothing that we have written */
		s->length = 0;
	memmove(s->text, at, s->length);
}

static void read_all(struct source *s)
{
	ssize_t n;
	while ((n = follow_read(s->follow, s->text + s->length, LONGEST_ENTRY - s->length)) > 0) {
		s->length += (size_t) n;
		if (s->read) {
			pass_entries(s);
			continue;
		}
		pass(s, s->to, s->text, s->length);
		s->length = 0;
	}
}

/* The last `lines`: counted first, because files are read from their beginnings. */
static void keep_tail(struct source *s, int64_t lines)
{
	s->counts = true;
	read_all(s);
	s->counts = false;
	s->to_pass_over = s->lines > lines ? s->lines - lines : 0;
	s->length = 0;
	follow_rewind(s->follow);
}

/* ---- how long ---- */

static int try_ask_end(const struct container *c)
{
	autoclose int shim = try_contact(c->dir);
	if (shim < 0 || try_fd_send(shim, -1, "wait", strlen("wait")) < 0)
		return -1;
	return fd_take(&shim);
}

/* A shim answers when the container is over and its logs are complete.  One that is gone without a word is replaced
 * when the container is opened; it may just be dying then, so we look more than once before we believe that there can
 * be none.  *looks: how often there was none. */
static bool is_over(const char *id, int *shim, int *looks)
{
	char answer[1024];

	if (*shim >= 0 && recv(*shim, answer, sizeof answer, MSG_DONTWAIT) > 0)
		return true;
	fd_close(shim);
	const struct container *c = try_container_open(globals()->root, id);
	*shim = c ? try_ask_end(c) : -1;
	*looks = *shim < 0 && contact_none(errno) ? *looks + 1 : 0;
	return !c || (*looks && (exists(c->dir, "exit.json") || *looks == LOOKS));
}

/* What lies in a FIFO goes with the last who has it open: the program may end while nobody else has. */
static void hold_fifos(const char *id)
{
	static const char *const names[] = { "stdout", "stderr", NULL };
	const struct container *c = try_container_open(globals()->root, id);
	EACH(name, names)
		if (c)
			try_open(c->dir, *name, O_RDONLY | O_NONBLOCK);
}

/* Until it is over, or nobody reads what we show. */
static void follow(const char *id, struct source *sources, size_t n)
{
	struct pollfd fds[4] = { { -1, POLLIN, 0 }, { STDOUT_FILENO, 0, 0 } };
	int looks = 0;

	hold_fifos(id);
	for (bool over = is_over(id, &fds[0].fd, &looks);; over = fds[0].revents && is_over(id, &fds[0].fd, &looks)) {
		for (size_t i = 0; i < n; i++) {
			read_all(sources + i);
			fds[2 + i] = (struct pollfd){ follow_fd(sources[i].follow), POLLIN, 0 };
		}
		if (over || fds[1].revents)
			return;
		/* A shim that is only busy is asked again. */
		if (poll(fds, 2 + n, fds[0].fd < 0 ? LOOK_MS : -1) < 0 && errno != EINTR)
			fail_sys("wait for logs");
		if (fds[0].fd < 0)
			fds[0].revents = POLLIN;
	}
}

/* ---- what was asked for ---- */

/* As entries have it: UTC, nine digits. */
static const char *time_text(int64_t seconds, long nanoseconds)
{
	struct tm t;
	time_t at = (time_t) seconds;

	gmtime_r(&at, &t);
	return fmt("%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
		   t.tm_min, t.tm_sec, nanoseconds);
}

static const char *ago(int64_t ms)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	int64_t then = (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000 - ms;
	return time_text(then / 1000, then % 1000 * 1000000);
}

/* "Z", "+02:00", or nothing: seconds east of Greenwich; false: something else. */
static bool read_zone(const char *s, int *seconds)
{
	int hours, minutes, length = 0;

	*seconds = 0;
	if (!*s || same(s, "Z"))
		return true;
	if ((*s != '+' && *s != '-') || sscanf(s + 1, "%2d:%2d%n", &hours, &minutes, &length) != 2 || s[1 + length])
		return false;
	*seconds = (hours * 60 + minutes) * 60 * (*s == '-' ? -1 : 1);
	return true;
}

static const char *since_of(const char *spelled)
{
	struct tm t = { 0 };
	int64_t ms;
	int length = 0, zone;

	if (duration_read(spelled, &ms))
		return ago(ms);
	if (sscanf(spelled, "%4d-%2d-%2d%n", &t.tm_year, &t.tm_mon, &t.tm_mday, &length) != 3)
		length = 0;
	const char *rest = spelled + length;
	int at = 0;
	if (length && *rest && sscanf(rest, "T%2d:%2d:%2d%n", &t.tm_hour, &t.tm_min, &t.tm_sec, &at) == 3)
		rest += at;
	char *zone_at = (char *) rest;
	double fraction = at && *rest == '.' ? strtod(rest, &zone_at) : 0;
	if (!length || (*rest && !at) || !read_zone(zone_at, &zone))
		fail_as(MISUSE,
			"logs: --since: \"%s\" is neither a duration such as 10m nor a time such as "
			"2026-01-31T12:00:00Z",
			spelled);
	t.tm_year -= 1900;
	t.tm_mon--;
	return time_text(timegm(&t) - zone, (long) (fraction * 1e9));
}

static int64_t tail_of(const char *spelled)
{
	int64_t n;
	if (!spelled || same(spelled, "all"))
		return -1;
	if (!number(spelled, 0, INT64_MAX, &n))
		fail_as(MISUSE, "logs: --tail: \"%s\" is not a number of lines, or \"all\"", spelled);
	return n;
}

static const struct saved_logs *logs_of(const struct container *c)
{
	const struct saved_logs *l = c->saved ? c->saved->logs : NULL;
	if (!c->saved)
		fail("container \"%s\" is not created yet", c->id);
	if (!l)
		fail("container \"%s\" has no logs: its output was not captured; --logs DIR of `create` and `run` "
		     "captures it, and so does `up --detach`",
		     c->id);
	return l;
}

static size_t raw_sources(const struct saved_logs *l, int dir, bool out, bool err, struct source *s)
{
	size_t n = 0;
	if (out)
		s[n++] = (struct source){ .follow = follow_open(dir, fmt("%s.stdout", l->name)), .to = STDOUT_FILENO };
	if (err)
		s[n++] = (struct source){ .follow = follow_open(dir, fmt("%s.stderr", l->name)), .to = STDERR_FILENO };
	return n;
}

static size_t open_sources(const struct logs *o, const struct container *c, int dir, struct source *s)
{
	const struct saved_logs *l = logs_of(c);
	bool all = o->only_stdout == o->only_stderr, out = all || o->only_stdout, err = all || o->only_stderr;
	const char *since = o->since ? since_of(o->since) : NULL;

	if (same(l->format, "raw") && since)
		fail("the logs of container \"%s\" are raw, which holds no times: --since needs "
		     "--logs-format=json-file or =cri when it is created",
		     c->id);
	if (same(l->format, "raw"))
		return raw_sources(l, dir, out, err, s);
	int progress = try_open(c->dir, "logs.progress", O_RDONLY);
	*s = (struct source){ .follow = follow_open_renamed(dir, fmt("%s.log", l->name), progress),
			      .read = same(l->format, "cri") ? logline_read_cri : logline_read_json,
			      .out = out,
			      .err = err,
			      .since = since };
	return 1;
}

static int run(const void *options, char **arguments)
{
	const struct logs *o = options;
	int64_t tail = tail_of(o->tail);
	struct source sources[2];
	const struct container *c = container_open(globals()->root, *arguments);
	autoclose int dir = open_dir(AT_FDCWD, logs_of(c)->dir);
	size_t n = open_sources(o, c, dir, sources);

	for (size_t i = 0; i < n; i++) {
		sources[i].text = mem(LONGEST_ENTRY);
		if (tail >= 0)
			keep_tail(sources + i, tail);
		read_all(sources + i);
	}
	if (o->follow)
		follow(*arguments, sources, n);
	return 0;
}

static const struct option_row options[] = {
	{ "follow", 'f', FLAG(logs, follow), "Go on as more comes, until the container ends" },
	{ "tail", 'n', VALUE(logs, tail, "N"),
	  "Show the last N lines, of each stream where they have files of their own" },
	{ "since", 0, VALUE(logs, since, "TIME"),
	  "Show what was written since TIME, as 2026-01-31T12:00:00Z, or for so long, as 10m; not of raw logs" },
	{ "stdout", 0, FLAG(logs, only_stdout), "Show standard output alone" },
	{ "stderr", 0, FLAG(logs, only_stderr), "Show standard error alone" },
	{ 0 },
};

const struct command command_logs = {
	.name = "logs",
	.arguments = "ID",
	.summary = "Show what a container has written, where that is captured",
	.group = "Containers",
	.size = sizeof(struct logs),
	.options = options,
	.run = run,
	.least = 1,
	.most = 1,
	.options_anywhere = true,
};
