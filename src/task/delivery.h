/* An artifact on its way: what is to be fetched, and where it goes, with the task's references put in.  Runs in bundle,
 * up and check. */
#pragma once
#include "task/artifact.h"
#include "task/chroot.h"
#include "task/interpolate.h"
#include "task/order.h"

struct delivery {
	const struct artifact *artifact;
	struct order *order;
	bool shared;      /* it goes below the directory that the tasks of the group share, else below the task's own */
	const char *path; /* of the directory, below that: relative and clean, "" for itself */
};

/* How the task's paths begin in its own eyes; root is NULL for raw_exec. */
struct ground {
	const char *task_dir, *alloc_dir;
	const struct chroot *root;
};

/* Fails at an address that bivy does not fetch, and at a place that is outside or that the task would not see. */
struct delivery **deliveries_read(struct artifact *const *, struct pair *const *names, const struct ground *);
