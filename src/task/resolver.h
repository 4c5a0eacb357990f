/* /etc/resolv.conf of a task.  With a dns block it is a file of the bundle, beside the task directory, where no task
 * can write; without one it is the host's, also where the host's is a link to a place that the task's root does not
 * have. Runs in bundle, up and check. */
#pragma once
#include "task/chroot.h"
#include "task/job.h"

struct resolver {
	const char *words;   /* of the file `resolv.conf` in the bundle; NULL: there is none */
	struct mount *mount; /* NULL: what the root holds is right */
};

/* bundle: its directory; NULL: nothing is going to be written. */
struct resolver resolver_plan(struct chroot *, const struct network *, const char *bundle);
