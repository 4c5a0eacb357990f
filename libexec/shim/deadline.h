/* `stop` in the shim's hands: it signals INIT, and when the time is up kills all that is left, whether or not the
 * command that asked for it is still there.  The file `stop` of the state directory tells who comes after us. */
#pragma once
#include "shim.h"

/* signal: 0 for none.  Of several deadlines the first counts. */
void deadline_set(struct shim *, int signal, int64_t in_ms);
void deadline_recall(struct shim *);
void deadline_attend(struct shim *);            /* kills, when it is time, again and again */
int deadline_tick(const struct shim *, int ms); /* how long to wait: at most ms (-1: for ever) */
