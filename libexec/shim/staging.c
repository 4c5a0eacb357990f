#include "staging.h"

#include "entry.h"
#include "line.h"
#include "logfile.h"
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORTION    65536
#define TAKEN_BACK 65536 /* so many bytes of a staging file are given back to the disk at a time */

static int try_open_staging(struct stream *t)
{
	struct line name = { .length = 0 };
	put(&name, t->name);
	put(&name, ".staged");
	name.text[name.length] = 0;
	t->file = openat(STATE_DIR, name.text, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	return t->file < 0 ? -1 : 0;
}

/* At the size on record, which try_log_open has made no more than what is there. */
static int try_open_log(struct capture *c)
{
	if (try_log_open(c) < 0)
		return -1;
	progress_record(c);
	return ftruncate(c->log, (off_t) c->progress.log_size);
}

/* On record before anything is written: what stands in the new file is not to be taken for what stood in the old. */
static int try_rotate(struct capture *c)
{
	if (try_log_rotate(c) < 0)
		return -1;
	progress_record(c);
	return 0;
}

static size_t line_length(const char *text, size_t room)
{
	size_t n = 0;
	while (n < room && text[n] != '\n')
		n++;
	return n;
}

/* Of the text before `end`, so much that no character is cut in two. */
static size_t whole_characters(const char *text, size_t end)
{
	size_t n = end;
	while (n > end - 4 && ((unsigned char) text[n - 1] & 0xc0) == 0x80)
		n--;
	return (unsigned char) text[n - 1] >= 0xc0 ? n - 1 : end;
}

/* Of the chunk, `length` bytes, what makes entries now: lines, a whole chunk without any, and the rest that will have
 * no end.  No more of them when the log has its size. */
static size_t write_entries(struct writer *w, const struct stream *t, size_t length, bool rest)
{
	const struct capture *c = w->capture;
	bool is_full = length == sizeof c->pages->chunk;
	size_t used = 0;

	while (used < length && (!used || w->at + w->length < c->size)) {
		size_t n = line_length(c->pages->chunk + used, length - used);
		bool whole = used + n < length;
		if (!whole && is_full && !used)
			n = whole_characters(c->pages->chunk, length);
		else if (!whole && (is_full || !rest))
			break;
		entry_write(w, t->name, c->pages->chunk + used, n, whole);
		used += n + whole;
	}
	return used;
}

static void take_back(const struct stream *t, uint64_t before, uint64_t now)
{
	if (before / TAKEN_BACK != now / TAKEN_BACK)
		fallocate(t->file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			  (off_t) (now / TAKEN_BACK * TAKEN_BACK));
}

/* Bytes of the staging file that have come to the log; 0: there is no more that makes an entry. */
static ssize_t try_format(struct capture *c, const struct stream *t, bool rest)
{
	uint64_t *done = c->progress.done + (t - c->streams);
	struct writer w;

	ssize_t length = pread(t->file, c->pages->chunk, sizeof c->pages->chunk, (off_t) *done);
	if (length <= 0)
		return length;
	if (c->progress.log_size >= c->size && try_rotate(c) < 0)
		return -1;
	writer_begin(&w, c);
	size_t used = write_entries(&w, t, (size_t) length, rest);
	writer_flush(&w);
	if (w.failed) {
		int why = errno;
		if (!ftruncate(c->log, (off_t) c->progress.log_size))
			errno = why;
		return -1;
	}
	*done += used;
	c->progress.log_size = w.at;
	progress_record(c);
	take_back(t, *done - used, *done);
	return (ssize_t) used;
}

uint64_t staged_left(const struct capture *c, const struct stream *t)
{
	struct stat st;
	uint64_t done = c->progress.done[t - c->streams];
	return t->file < 0 || fstat(t->file, &st) < 0 || (uint64_t) st.st_size < done ? 0
										      : (uint64_t) st.st_size - done;
}

static int try_format_all(struct capture *c, const struct stream *t, bool rest)
{
	ssize_t n = staged_left(c, t) ? 1 : 0;
	while (n > 0)
		n = try_format(c, t, rest);
	return (int) n;
}

/* When the log cannot be written, all else is left in the FIFO. */
ssize_t try_staged_move(struct capture *c, struct stream *t, bool rest)
{
	struct stat st;

	if ((t->file < 0 && try_open_staging(t) < 0) || (c->log < 0 && try_open_log(c) < 0) ||
	    try_format_all(c, t, false) < 0 || fstat(t->file, &st) < 0)
		return -1;
	off_t at = st.st_size;
	ssize_t moved = splice(t->fifo, NULL, t->file, &at, PORTION, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	if (moved < 0 && errno != EAGAIN)
		return -1;
	if (try_format_all(c, t, rest) < 0)
		return -1;
	return moved < 0 ? 0 : moved;
}
