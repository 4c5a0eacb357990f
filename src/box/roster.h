/* A job's run: what it consists of, for whoever looks after it and whoever ends it.  <root>/.jobs/RUN/ (0700) holds
 *
 *	job.json    the tasks in the order of the file, written whole before the first container is made; never changed
 *	supervisor  who looks after it: pid and start time
 *	told        a `down` has told that one to end the run
 *
 * flock(2) on that directory means that somebody is at work: the supervisor, what it has forked for a moment, or a
 * `down`.  The bundles stand in <root>/.bundles/RUN, and the containers are called RUN.TASK: so deleting one of them
 * takes nothing of the run away.  A single task that needs no supervisor has no run: its container is called as its
 * bundle is.  Runs in up, down and list. */
#pragma once
#include "task/bundle.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* One task of it: a container and what its config.json does not say.  See struct bundle. */
struct entry {
	const char *id, *label; /* label: how its output is marked, each once in a run */
	const char *bundle, *alloc, *group, *task, *driver, *hook;
	int index;
	int kill_signal;
	int64_t kill_timeout_ms, shutdown_delay_ms;
	bool sidecar, leader, runs_on_success, logs_disabled;
	struct restart_rule *restart; /* NULL: it is not run again */
	int64_t log_files, log_file_size;
};

struct roster {
	const char *root, *run;
	int dir;         /* the directory; locked while open here, if `lock` or `make` were called */
	const char *job; /* NULL: its making was interrupted before there was a container */
	struct entry **entries;
};

/* A new run, locked.  undo() removes it; its bundles are not its affair.  Fails when there is one of that name. */
struct roster *roster_make(const char *root, const char *run, struct bundle *const *);

struct roster *try_roster_open(const char *root, const char *run);         /* NULL: there is none */
struct roster *roster_inherit(const char *root, const char *run, int dir); /* dir: as roster_make has locked it */
const char **roster_runs(const char *root);
struct roster *try_roster_of(const char *root, const char *id); /* the run that this container belongs to */

/* Waits for who is at work; false when that takes longer. */
bool try_roster_lock(const struct roster *, int timeout_ms);

bool roster_is_gone(const struct roster *); /* somebody has removed it meanwhile */

void roster_attend(const struct roster *);        /* this process is its supervisor from now on */
int try_roster_supervisor(const struct roster *); /* a pidfd; -1: nobody */
bool roster_tells_first(const struct roster *);   /* leaves `told`; false: it was there, so it has been told */

/* The bundles, then the record of it.  Its containers must be gone. */
void roster_remove(const struct roster *);
