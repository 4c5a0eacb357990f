/* Waiting for containers to end, for several at once: on connections to their shims, or on pidfds where an engine
 * supervises.  Nothing is asked again and again; a shim that dies meanwhile is replaced. */
#pragma once
#include "box/container.h"

struct waiting {
	const struct container *container;
	bool over, told;
	struct exit_record *record; /* when it is over; NULL: nobody knows its code */
	int shim, init;             /* a connection, and a pidfd of the first process; -1: none (yet) */
	bool dead;                  /* that one has ended, and it is not over yet */
	int attempts;               /* that came to nothing */
	int64_t not_before;
};

struct waiting *waiting_begin(const struct container *);

/* One that is over and was not told of before; NULL: none within that time (-1: for ever), or all were told. */
struct waiting *waiting_next(struct waiting *const *, int timeout_ms);
