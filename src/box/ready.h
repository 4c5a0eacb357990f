/* NOTIFY_SOCKET, sd_notify(3): the program says that it is ready on a socket of ours, which its mounts show at
 * /run/notify, and we say so to who started us.  As runc has it, but for a foreground terminal, where nobody listens.
 */
#pragma once
#include "box/box.h"
#include "box/container.h"

/* Whether our caller waits to hear it: NOTIFY_SOCKET is set. */
bool ready_is_asked(void);

/* Before the container is made: the mount and the variable that the program needs. */
void ready_add(struct box *);

/* The socket, before the program runs; -1: nobody asked, now or at create. */
int ready_listen(const struct container *);

/* Until the program has said READY=, which is passed on with its pid, or has ended, or we are interrupted. */
void ready_wait(int sock, const struct container *);
