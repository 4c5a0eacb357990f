/* The end of a job's run from outside: its containers stopped in the order of lifecycle.h, those of one place side by
 * side, and removed.  Nobody else may be at work on it.  Runs in `down`, and in `up` when it is done. */
#pragma once
#include "box/roster.h"

void disband_stop(const char *root, struct entry *const *);

/* What of it still runs is killed.  Fails when one of them cannot be removed, and can be called again.  One that
 * somebody else is removing is no failure. */
void disband_remove(const char *root, struct entry *const *);

/* undo(): removes the whole run, the struct roster *. */
void disband_run(void *roster);
