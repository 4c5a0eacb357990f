/* Processors that a task has to itself (resources.cores).  No cluster keeps a record of them here, so the rule is one
 * that everybody can repeat: the tasks of a job take from the last processor downwards, of those that this process may
 * run on and that the agent file's reservable_cores names.  Whoever else runs on them is not kept away.  Runs in
 * bundle, up and check. */
#pragma once
#include "task/agent.h"

struct cores {
	const char *list; /* "2-3": as cpuset(7) has it */
	int64_t mhz;      /* of all together: what cpu would be */
};

struct bits;

struct bits *cores_free(const struct agent *);

/* Takes n of them away.  at: where the task asks for them, for the error that there are not so many. */
struct cores cores_take(struct bits *free, int64_t n, struct position at);
