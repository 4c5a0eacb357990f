#include "capture.h"

#include "event.h"
#include "line.h"
#include "rawlog.h"
#include "shim.h"
#include "staging.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOWHERE      1  /* /dev/null, see drop_streams */
#define ROUNDS       16 /* before others get their turn */
#define DRAIN_ROUNDS 4096
#define RETRY_MS     50
#define FULL_MS      2     /* someone waits */
#define DROPPED_ONCE 32768 /* half of what a FIFO holds */

static const char *after_colon(const char *s)
{
	const char *at = strchr(s, ':');
	return at ? at + 1 : s + strlen(s);
}

static uint64_t number_at(const char *s)
{
	uint64_t n = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (uint64_t) (*s - '0');
	return n;
}

static enum log_format format_of(const char *logs)
{
	return *logs == 'r' ? LOG_RAW : *logs == 'j' ? LOG_JSON : *logs == 'c' ? LOG_CRI : LOG_NONE;
}

void capture_begin(struct capture *c, const char *id, const char *logs)
{
	static struct pages pages;
	const char *files = after_colon(logs), *size = after_colon(files);

	c->format = format_of(logs);
	c->files = number_at(files);
	c->size = number_at(size);
	c->id = id;
	c->name = after_colon(size);
	c->pages = &pages;
	c->streams[0] = (struct stream){ .name = "stdout", .fifo = OUT_FIFO, .file = -1 };
	c->streams[1] = (struct stream){ .name = "stderr", .fifo = ERR_FIFO, .file = -1 };
	c->log = c->peek[0] = c->peek[1] = c->progress_file = -1;
	c->tick_ms = c->format == LOG_NONE ? -1 : 0;
}

/* Not before it is needed: what is forked from us until then has nothing to close. */
static void open_progress(struct capture *c)
{
	if (c->format == LOG_NONE || c->progress_file >= 0)
		return;
	c->progress_file = openat(STATE_DIR, "logs.progress", O_RDWR | O_NOFOLLOW | O_CLOEXEC);
	if (pread(c->progress_file, &c->progress, sizeof c->progress, 0) != sizeof c->progress)
		c->progress = (struct progress){ .log_size = LOG_AS_FOUND };
}

void capture_end(struct capture *c)
{
	int *const all[] = { &c->log,           &c->peek[0],         &c->peek[1],
			     &c->progress_file, &c->streams[0].file, &c->streams[1].file };
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (*all[i] >= 0) {
			close(*all[i]);
			*all[i] = -1;
		}
}

static ssize_t try_move(struct capture *c, struct stream *t, bool rest)
{
	return c->format == LOG_RAW ? try_raw_move(c, t) : try_staged_move(c, t, rest);
}

static void tell(const struct capture *c, const struct stream *t)
{
	struct line more = { .length = 0 };
	put(&more, "\"stream\":\"");
	put(&more, t->name);
	put(&more, t->dropping ? "\",\"goesOn\":true,\"bytes\":" : "\",\"goesOn\":false,\"bytes\":");
	put_number(&more, c->progress.dropped[t - c->streams], 1);
	event_tell(STATE_DIR, c->id, "log-dropped", more.text, more.length);
}

static void count_dropped(struct capture *c, struct stream *t, uint64_t bytes)
{
	bool tells = !t->dropping;

	c->progress.dropped[t - c->streams] += bytes;
	progress_record(c);
	t->dropping = true;
	if (tells)
		tell(c, t);
}

static bool is_full(int fifo)
{
	struct pollfd p = { .fd = fifo, .events = POLLOUT };
	return poll(&p, 1, 0) == 0;
}

static void drop(struct capture *c, struct stream *t)
{
	ssize_t n = splice(t->fifo, NULL, NOWHERE, NULL, DROPPED_ONCE, SPLICE_F_NONBLOCK);
	if (n > 0)
		count_dropped(c, t, (uint64_t) n);
}

static void set_stuck(struct capture *c, struct stream *t)
{
	bool full = is_full(t->fifo);
	int tick = full ? FULL_MS : RETRY_MS;

	t->stuck = true;
	c->tick_ms = c->tick_ms < 0 || tick < c->tick_ms ? tick : c->tick_ms;
	if (full)
		drop(c, t);
}

static void attend(struct capture *c, struct stream *t)
{
	ssize_t n = 1;
	bool wrote = false;

	for (int i = 0; n > 0 && i < ROUNDS; i++) {
		n = try_move(c, t, false);
		wrote = wrote || n > 0;
	}
	t->stuck = false;
	if (n < 0) {
		set_stuck(c, t);
	} else if (wrote && t->dropping) {
		t->dropping = false;
		tell(c, t);
	}
}

static void give_pages_back(struct capture *c)
{
	if (c->format != LOG_NONE && c->format != LOG_RAW)
		madvise(c->pages, sizeof *c->pages, MADV_DONTNEED);
}

void capture_attend(struct capture *c, struct pollfd slots[2])
{
	c->tick_ms = -1;
	open_progress(c);
	for (int i = 0; i < 2 && c->format != LOG_NONE; i++) {
		attend(c, c->streams + i);
		/* What cannot be taken out would wake us for ever. */
		slots[i].fd = c->streams[i].stuck ? -1 : c->streams[i].fifo;
	}
	give_pages_back(c);
}

static void give_up(struct capture *c, struct stream *t)
{
	ssize_t n = 1;
	uint64_t lost = c->format == LOG_RAW ? 0 : staged_left(c, t);

	c->progress.done[t - c->streams] += lost;
	for (int i = 0; n > 0 && i < ROUNDS; i++) {
		n = splice(t->fifo, NULL, NOWHERE, NULL, DROPPED_ONCE, SPLICE_F_NONBLOCK);
		lost += n > 0 ? (uint64_t) n : 0;
	}
	if (lost)
		count_dropped(c, t, lost);
}

bool capture_drain(struct capture *c, bool last)
{
	bool all = true;

	open_progress(c);
	for (int i = 0; i < 2 && c->format != LOG_NONE; i++) {
		struct stream *t = c->streams + i;
		ssize_t n = 1;
		for (int round = 0; n > 0 && round < DRAIN_ROUNDS; round++)
			n = try_move(c, t, true);
		if (n < 0 && last)
			give_up(c, t);
		all = all && !n;
	}
	return all || last;
}
