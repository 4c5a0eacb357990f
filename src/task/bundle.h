/* From a job file to bundle directories: one for each task, with its config.json, its task directory and the directory
 * that the tasks of a group share.
 *
 *	one task:          DIR/config.json, DIR/task/, DIR/alloc/
 *	several:           DIR/GROUP/TASK/{config.json,task/}, DIR/GROUP/alloc/
 *	a count above 1:   the same with GROUP.0, GROUP.1 ... for GROUP: each is an allocation, with an ID of its own
 *
 * Nothing is written before everything has been read and checked, and what was written is taken away when the rest
 * fails.  Runs in bundle, up and check. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

struct bundle_options {
	const char *job;        /* the file; "-" is standard input */
	const char *words;      /* what stands in it, if that has been read; NULL */
	const char *dir;        /* where to write; it may be there, with files of the task's */
	const char *client;     /* the agent file; NULL: none */
	const char *task;       /* "TASK" or "GROUP/TASK"; NULL: all */
	const char **vars;      /* "NAME=VALUE" for the job's variables */
	const char **var_files; /* files of NAME = VALUE; what vars says counts more, and a variable's default less */
	const char *alloc_id;   /* of the first allocation; NULL: a random one, as the others have */
	const char *payload;    /* the file that dispatch_payload asks for; NULL: none */
	const char **meta;      /* "KEY=VALUE" for the keys of a parameterized job */
	const char
		*netns; /* the network namespace that a group's mode "bridge" or "cni/..." is; NULL: ask ip-netns(8) */
	bool force;     /* replace a config.json */
	bool quiet;     /* no progress is shown */
	bool artifacts_present; /* they have been put into the task directory by hand */
};

/* A task's restart block, or its group's. */
struct restart_rule {
	bool given;
	int64_t attempts, interval_ms, delay_ms;
	bool then_waits; /* mode "delay": after the attempts it waits for the next interval; "fail": it is over */
};

/* What its config.json does not say of a task: when it runs, and how it ends. */
struct bundle {
	const char *dir;   /* absolute */
	const char *alloc; /* absolute: the directory that the tasks of the group share; logs are in its logs/ */
	const char *job, *group, *task, *driver;
	int index; /* which of the group's `count`, from 0 */
	int kill_signal;
	int64_t kill_timeout_ms, shutdown_delay_ms;
	const char *hook; /* "prestart", "poststart", "poststop"; NULL: a main task */
	bool sidecar, leader;
	bool runs_on_success; /* of a service job: it is restarted also when it ends with 0 */
	struct restart_rule restart;
	bool logs_asked, logs_disabled;
	int64_t log_files, log_file_size; /* a number, and bytes */
};

/* All tasks that were asked for, written.  NULL-ended. */
struct bundle **bundles_write(const struct bundle_options *);

/* The same without writing: what bundles_write would refuse is refused, but for artifacts, which may still come. */
struct bundle **bundles_check(const struct bundle_options *);

/* Reads an agent file and does no more.  words: what stands in it. */
void agent_file_check(const char *file, const char *words);
