/* process.rlimits.  Runs on the host, while the container's first process waits: raising a hard limit takes
 * CAP_SYS_RESOURCE in the initial user namespace. */
#pragma once
#include "oci/config.h"

void rlimits_check(struct rlimit_entry *const *); /* a type twice, soft above hard: before anything is made */
void rlimits_apply(pid_t, struct rlimit_entry *const *);
