#include "bar.h"

#include "arrival.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CELLS = 24 };

static struct {
	bool never, shown;
	double began, last;
	int64_t first; /* what was there when this began: a download may go on where it stopped */
} ours;

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* Its characters as they are, but for those that a terminal obeys. */
static const char *tame(char *to, size_t room, const char *from)
{
	size_t n = 0;
	for (; *from && n < room - 1; from++)
		to[n++] = (unsigned char) *from < ' ' || *from == 0x7f || (unsigned char) *from >= 0x80 ? '?' : *from;
	to[n] = 0;
	return to;
}

static void draw(const char *name, int64_t have, int64_t total, double rate)
{
	char plain[32], cells[CELLS + 1], percent[8] = "";
	int full = total ? (int) ((double) have / (double) total * CELLS) : 0;

	memset(cells, '.', CELLS);
	memset(cells, '#', (size_t) (full > CELLS ? CELLS : full));
	cells[CELLS] = 0;
	if (total)
		snprintf(percent, sizeof percent, "%3d%%", (int) ((double) have / (double) total * 100));
	dprintf(2, "\r\033[K%s [%s] %s %s, %s/s", tame(plain, sizeof plain, name), cells, percent, size_words(have),
		size_words((int64_t) rate));
}

void bar_never(void) { ours.never = true; }

void bar_show(const char *name, int64_t have, int64_t total)
{
	double time = now();

	if (ours.never || !isatty(2))
		return;
	if (!ours.shown) {
		ours.shown = true;
		ours.began = time;
		ours.first = have;
	}
	if (time - ours.last < 0.1)
		return;
	ours.last = time;
	draw(name, have, total, time > ours.began ? (double) (have - ours.first) / (time - ours.began) : 0);
}

void bar_end(void)
{
	if (ours.shown)
		dprintf(2, "\r\033[K");
	ours.shown = false;
}
