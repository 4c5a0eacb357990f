/* A task ready to become a bundle: all of its settings read, evaluated and checked, and config.json as it will stand.
 * Nothing has been written.  Runs in bundle, up and check. */
#pragma once
#include "task/chroot.h"
#include "task/driver.h"
#include "task/environment.h"

struct draft {
	const struct job *job;
	const struct group *group;
	const struct task *task;
	const struct agent *agent;
	const char *dir;   /* of the bundle, absolute; NULL: only checked */
	const char *alloc; /* the shared directory, absolute; NULL: only checked */
	const char *alloc_id;
	bool may_come; /* what artifacts bring is not there yet */

	bool raw;
	struct account who;
	struct settings *settings;
	struct chroot *root; /* exec */
	const char **env;
	int kill_signal;
	int64_t kill_timeout; /* nanoseconds */
	struct config *config;
};

/* Fills in what stands below `may_come`.  Fails at the first thing that is wrong, with its place. */
void draft_make(struct draft *);
