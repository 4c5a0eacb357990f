/* Scheduling policy and priorities of a process, and the CPUs it may run on: sched(7), ioprio_set(2),
 * sched_setaffinity(2).  Runs in HOST, whose privileges they may need. */
#pragma once
#include "oci/config.h"

void scheduler_apply(pid_t, const struct scheduler *);
void io_priority_apply(pid_t, const struct io_priority *);
void affinity_apply(pid_t, const char *cpus); /* 0: the caller; a list as "0-3,7" */
