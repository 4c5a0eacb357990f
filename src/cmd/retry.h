/* Whether and when a task that has ended is run again: the rule of its restart block, as Nomad counts.  Attempts are
 * counted from the first end of an interval on; the next end after that interval begins a new one.  The delay is the
 * rule's own, without the random quarter that a cluster adds. */
#pragma once
#include "task/bundle.h"

struct retries {
	int64_t since_ms; /* when the interval began */
	int64_t count;    /* ends in it */
	int64_t all;      /* times that it was run again */
};

/* Notes an end at now_ms (any steady clock).  The milliseconds until it is to run again; -1: it is over. */
int64_t retry_in(struct retries *, const struct restart_rule *, int64_t now_ms);
