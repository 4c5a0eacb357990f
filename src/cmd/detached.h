/* The process that `up -d` leaves behind for a run that needs somebody to look after it: "bivy-job", bivy itself,
 * executed anew so that nothing of the job file stays in memory.  When it is killed the tasks run on under their shims,
 * and `down` ends them. */
#pragma once
#include "box/roster.h"

/* Hands the run on, lock and all.  0 when all main tasks run; else the code to exit with, and everything is over. */
int detached_start(const struct roster *);
