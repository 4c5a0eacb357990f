/* The tasks of a job that are to be made: of each group as many allocations as its `count` says, of each the tasks that
 * were asked for.  What an allocation has for itself is chosen here: its ID, its ports, processors.  Runs in bundle, up
 * and check. */
#pragma once
#include "task/draft.h"

struct wanted {
	const char *file;                       /* the job's, for errors */
	const char *task;                       /* "TASK" or "GROUP/TASK"; NULL: all */
	const char *alloc_id, *payload, *netns; /* as bundle_options has them */
};

int allocation_count(const struct group *);

/* The first allocation has the ID that was asked for.  Fails when nothing is left, or the choice is not clear. */
struct draft **allocations(const struct wanted *, const struct job *, const struct agent *);
