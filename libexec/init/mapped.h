/* The plan as bivy-init has it in memory: private, so that lists can become pointers where they stand. */
#pragma once
#include "sys/plan.h"

#include <stddef.h>

struct plan *plan_map(int fd); /* and closes it */

static inline void *plan_at(struct plan *p, uint32_t offset) { return offset ? (char *) p + offset : NULL; }

/* As execve wants it.  Once for each list. */
char **plan_list(struct plan *, uint32_t offset);
