/* The container's cgroup, as its directories: one (v2), one for each hierarchy (v1), or none.  The list ends with NULL.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

uint64_t cgroup_oom_kills(char *const *dirs); /* processes killed for lack of memory, here and below */

/* Sends SIGKILL to all that is left; how much was there (v2: 1 for "something").  To be called again until it says 0:
 * what forks meanwhile is found the next time. */
size_t cgroup_kill(char *const *dirs);
