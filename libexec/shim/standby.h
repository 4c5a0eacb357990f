/* The second shim: it is forked from the active one, and takes its place when that one is killed.  So one SIGKILL never
 * leaves a container alone, and needs no command to notice. */
#pragma once
#include "shim.h"

/* The active shim makes its standby, where there is none.  True: we *are* the standby, the active one has died, and we
 * have taken its place. */
bool standby_make(struct shim *);

/* The container is over: nobody is to take our place. */
void standby_end(struct shim *);
