/* How libexec/bivy-shim is begun: by who has made the container, and by who finds it without a shim. */
#pragma once
#include <sys/types.h>

struct cgroup;

/* What it takes over; descriptors as libexec/shim/shim.h has them, -1 for none. */
struct shim_seat {
	const char *id, *logs;
	pid_t init; /* 0: it is gone */
	const struct cgroup *cgroup;
	int dir, pidfd, socket, log_dir, out, err;
};

#define SHIM_FREE_FD 9 /* the first that is none of the shim's */

/* Puts its descriptors where the shim finds them.  What the caller wants to keep stands from SHIM_FREE_FD on. */
void shim_place(const struct shim_seat *);

/* This process becomes it. */
_Noreturn void shim_become(const struct shim_seat *, int program);
