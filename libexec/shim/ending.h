/* How INIT ended, and its form on disk: exit.json (spec of its keys: src/box/record.c, which reads it). */
#pragma once
#include "cgroup.h"
#include "line.h"

#include <stdbool.h>
#include <sys/types.h>

struct ending {
	int code, signal;
	bool core, unknown;
	struct memory_end memory;
	uint64_t user_usec, system_usec, max_rss_kib;
	uint64_t dropped_out, dropped_err; /* bytes of the program's streams that could not be written anywhere */
	struct timespec finished;
	struct line json; /* complete, with its newline */
};

/* False: it has not ended, or (not our child, adopted) its code cannot be had yet.  INIT is not reaped by asking.
 * init: its number, which is its own as long as it is not reaped. */
bool try_ending_learn(struct ending *, int pidfd, pid_t init);
void ending_lost(struct ending *);                    /* its code cannot be had by anyone any more */
void ending_describe(struct ending *, int dir);       /* fills `json`; the time of the start is in dir's events */
int try_ending_store(const struct ending *, int dir); /* by write, fsync, rename */
bool try_ending_recall(struct ending *, int dir);     /* what one before us has stored; fills `json` alone */
