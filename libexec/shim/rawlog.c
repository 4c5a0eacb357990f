#include "rawlog.h"

#include "logfile.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PORTION (1 << 20)

/* Where a copy of what lies in the FIFO has its last newline, counted from 1; 0: nowhere.  The copy is used up. */
static size_t last_newline(const struct capture *c)
{
	char piece[2048]; /* on the stack, which is there already: no memory of its own */
	size_t seen = 0, last = 0;
	ssize_t n;

	while ((n = read(c->peek[0], piece, sizeof piece)) > 0) {
		for (size_t i = (size_t) n; i && last <= seen; i--)
			if (piece[i - 1] == '\n')
				last = seen + i;
		seen += (size_t) n;
	}
	return last;
}

static bool ends_with_newline(int file, off_t size)
{
	char last;
	return pread(file, &last, 1, size - 1) == 1 && last == '\n';
}

/* How much of the FIFO goes into this file, which has room for `room`; 0: what comes next is for the next file.  A line
 * that has begun is continued, as long as there is room. */
static ssize_t try_portion(struct capture *c, const struct stream *t, off_t size, size_t room)
{
	size_t rounding = c->size / 2 < ROUNDING ? c->size / 2 : ROUNDING;

	if (room > rounding)
		return (ssize_t) (room - rounding < PORTION ? room - rounding : PORTION);
	if (c->peek[0] < 0 && pipe2(c->peek, O_NONBLOCK | O_CLOEXEC) < 0)
		return -1;
	ssize_t copied = tee(t->fifo, c->peek[1], room, SPLICE_F_NONBLOCK);
	if (copied <= 0)
		return copied;
	size_t lines = last_newline(c);
	return lines ? (ssize_t) lines : ends_with_newline(t->file, size) ? 0 : copied;
}

/* The size is asked for each time: whoever cuts a log that he can write to cuts what is there, not what is to come. */
ssize_t try_raw_move(struct capture *c, struct stream *t)
{
	struct stat st;
	ssize_t n = 0;

	if (t->file < 0 && try_log_resume(c, t) < 0)
		return -1;
	for (int files = 0; files < 2; files++) {
		if (fstat(t->file, &st) < 0)
			return -1;
		bool full = (uint64_t) st.st_size >= c->size || !st.st_nlink;
		if (!full && (n = try_portion(c, t, st.st_size, c->size - (uint64_t) st.st_size)))
			break;
		if (try_log_next(c, t) < 0)
			return -1;
	}
	off_t at = st.st_size;
	if (n > 0)
		n = splice(t->fifo, NULL, t->file, &at, (size_t) n, SPLICE_F_NONBLOCK | SPLICE_F_MOVE);
	return n < 0 && errno == EAGAIN ? 0 : n;
}
