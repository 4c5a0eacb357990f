/* When each task of an allocation (one instance of a group) runs.  Decides by what its members are doing, and does
 * nothing itself:
 *
 *	prestart sidecars, then the other prestart tasks to their end, then the main ones side by side, then poststart;
 *	at the end the leader first, then main, prestart and poststart tasks, then sidecars; poststop when all are over
 *
 * Runs in the crew's process. */
#pragma once
#include "cmd/member.h"

struct allocation {
	struct member **members;
	bool ending; /* nothing but poststop tasks is started any more, and what runs is stopped */
};

bool lifecycle_may_start(const struct allocation *, const struct member *);
bool lifecycle_must_stop(const struct allocation *, const struct member *);

/* All that it is there for has been done: what still runs are sidecars. */
bool lifecycle_is_through(const struct allocation *);

/* The main tasks run, or it is too late for them. */
bool lifecycle_is_up(const struct allocation *);

/* Where a task stands in the order of stopping; also for `down` when there is no supervisor. */
enum { STOP_RANKS = 3 };
int lifecycle_stop_rank(const struct entry *);
