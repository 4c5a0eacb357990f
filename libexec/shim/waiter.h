/* Connections to shim.sock.  Only the owner of the 0700 state directory gets here.  One message asks:
 *	wait		answered with exit.json when all is over
 *	stop N MS	signal N (0: none) now, the end of everything in MS; answered with "stopping", then as `wait`
 *	leave		when INIT has ended: a record that cannot be written is given up; answered by our end
 *	ping		answered with "pong" and our pid
 * To be told nothing, connecting is enough: it says that there is a shim. */
#pragma once
#include "shim.h"

void waiters_accept(struct shim *); /* what there is no room for is closed at once: it asks again */
void waiter_hear(struct shim *, struct pollfd *);
void waiters_answer(struct shim *);
