/* The tasks of a job's run, looked after from the first start to the last end: order, restarts, stopping.  One loop
 * over what may happen; all work on containers is done by workers (worker.h), so that its memory is the same after ten
 * thousand restarts.  Runs in `up`, or in the process that `up -d` leaves behind (detached.h). */
#pragma once
#include "box/roster.h"

struct crew_wishes {
	bool speaks;         /* prints what the tasks say, and at the end how they fared */
	bool quiet;          /* without the latter */
	void (*on_up)(void); /* called when all main tasks run; NULL */
};

/* Returns when all is over: the code of the first task that failed, or 0.  The containers are left as they ended.
 * SIGINT, SIGTERM, SIGHUP, SIGQUIT stop the run in order; a second one kills what is left. */
int crew_run(struct roster *, const struct crew_wishes *);
