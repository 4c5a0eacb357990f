/* User, capabilities and filter of the program (credentials(7), capabilities(7), seccomp(2)).  Each does nothing when
 * the plan has nothing for it. */
#pragma once
#include "mapped.h"

void bounding_drop(struct plan *);
void stdio_give(struct plan *);
void user_become(struct plan *);
void no_new_privileges(struct plan *);
void caps_take(struct plan *); /* and CAP_SYS_ADMIN, when the filter needs it */
void ambient_raise(struct plan *);
void filter_load(struct plan *);
void privileges_shed(struct plan *); /* of the reaper, for good */
void caps_give_back(struct plan *);  /* that CAP_SYS_ADMIN: the only call after the filter but the exec */
