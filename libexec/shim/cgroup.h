/* The container's cgroup, as its directories: one (v2), one for each hierarchy (v1), or none.  The list ends with NULL.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What its memory had come to, read while it is there. */
struct memory_end {
	uint64_t oom_kills, peak; /* processes killed for lack of memory, here and below; bytes at most in use */
	bool own_limit; /* it was this cgroup's limit, not one above (the machine's own end counts as above) */
};

struct memory_end cgroup_memory_end(char *const *dirs);

/* What to poll(2), and for what: memory ran out in the cgroup.  -1: this machine cannot tell. */
int cgroup_oom_watch(char *const *dirs, short *events);
bool cgroup_oom_heard(int watch); /* to be called when it was readable; false: it will never be again */
uint64_t cgroup_oom_kills(char *const *dirs);

/* Sends SIGKILL to all that is left; how much was there (v2: 1 for "something").  To be called again until it says 0:
 * what forks meanwhile is found the next time. */
size_t cgroup_kill(char *const *dirs);
