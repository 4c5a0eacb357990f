/* Connections to shim.sock, one message each way: "wait" is answered with exit.json when INIT has ended, "ping" at once
 * with "pong" and our pid.  Only the owner of the 0700 state directory gets here. */
#pragma once
#include "shim.h"

void waiters_accept(struct shim *); /* what there is no room for is closed at once: it asks again */
void waiter_hear(struct shim *, struct pollfd *);
void waiters_answer(struct shim *);
