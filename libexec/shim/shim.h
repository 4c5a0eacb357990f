/* bivy-shim: the parent of one container's first process (INIT), and the only thing of bivy's that stays in memory
 * while the container runs.  It keeps the exit code from being lost; everything else is asked of the kernel by whoever
 * wants to know.
 *
 *	bivy-shim ID PID LOGS [CGROUP-DIRECTORY...]
 *
 * It is exec'd by the process that created the container, keeps that one's pid, and finds INIT's pid in PID and the
 * descriptors below.  Or it is exec'd later by a command that found nobody in its place (src/box/adopt.c): then INIT is
 * another's child, and PID is 0 (and 4 is not open) when it was gone already.
 *
 * There are two of it: the active one, and the standby, which is forked from it, shares its descriptors and only waits
 * for its end (standby.h). */
#pragma once
#include "ending.h"
#include "stream.h"

#include <poll.h>

enum descriptor { STATE_DIR = 3, PIDFD = 4, LISTENER = 5, LOG_DIR = 6, OUT_FIFO = 7, ERR_FIFO = 8, UNUSED_FROM = 9 };

#define BACKLOG 64 /* of LISTENER */

/* Slots of `polled`; from FIRST_WAITER on each is a connection, or -1. */
enum slot {
	INIT_SLOT,
	LISTENER_SLOT,
	CHILD_SLOT,
	OOM_SLOT,
	OUT_SLOT,
	ERR_SLOT,
	FIRST_WAITER,
	SLOTS = FIRST_WAITER + 64
};

struct shim {
	pid_t init;    /* 0: it was gone before we came */
	pid_t standby; /* 0: there is none */
	const char *id;
	/* FORMAT:FILES:SIZE:NAME as box/logging.c has it; "-": nothing is captured, 6 to 8 are not open */
	const char *logs;
	char *const *cgroups;
	struct ending ending;
	bool known, recalled, stored, answering;
	bool leaving;      /* the state directory is about to go: what cannot be written now need not be */
	bool deaf;         /* no descriptor is left for another connection: heard again after a while */
	int64_t kill_at;   /* now_ms() when all that is left is to be killed; 0: never */
	int oom_looks;     /* how often to look for the kill yet: v1 wakes us before it */
	uint64_t oom_told; /* kills for lack of memory, as far as `events` has them */
	struct capture capture;
	struct pollfd polled[SLOTS];
};

bool has_ended(const struct shim *);
