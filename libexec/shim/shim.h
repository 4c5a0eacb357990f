/* bivy-shim: the parent of one container's first process (INIT), and the only thing of bivy's that stays in memory
 *while the container runs.  It keeps the exit code from being lost; everything else is asked of the kernel by whoever
 *wants to know.
 *
 *	bivy-shim ID PID [CGROUP-DIRECTORY...]
 *
 * It is exec'd by the process that created the container, keeps that one's pid, and finds INIT's pid in PID and these
 *descriptors: */
#pragma once
#include "ending.h"

#include <poll.h>

enum descriptor { STATE_DIR = 3, PIDFD = 4, LISTENER = 5, UNUSED_FROM = 6 };

/* Slots of `polled`; from FIRST_WAITER on each is a connection, or -1. */
enum slot { INIT_SLOT, LISTENER_SLOT, CHILD_SLOT, FIRST_WAITER, SLOTS = FIRST_WAITER + 64 };

struct shim {
	pid_t init;
	char *const *cgroups;
	struct ending ending;
	bool known, stored, answering;
	struct pollfd polled[SLOTS];
};
