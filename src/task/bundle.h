/* From a job file to bundle directories: one for each task, with its config.json, its task directory and the directory
 *that the tasks of a group share.
 *
 *	one task:  DIR/config.json, DIR/task/, DIR/alloc/             several:  DIR/GROUP/TASK/{config.json,task/},
 *DIR/GROUP/alloc/
 *
 * Nothing is written before everything has been read and checked, and what was written is taken away when the rest
 *fails. Runs in bundle, up and check. */
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
	const char *alloc_id;   /* NULL: a random one */
	bool force;             /* replace a config.json */
	bool artifacts_present; /* they have been put into the task directory by hand */
};

struct bundle {
	const char *dir; /* absolute */
	const char *job, *group, *task, *driver;
	int kill_signal;
	int64_t kill_timeout_ms;
	bool logs_disabled;
	int64_t log_files, log_file_size; /* a number, and bytes */
};

/* All tasks that were asked for, written.  NULL-ended. */
struct bundle **bundles_write(const struct bundle_options *);

/* The same without writing: what bundles_write would refuse is refused, but for artifacts, which may still come. */
struct bundle **bundles_check(const struct bundle_options *);

/* Reads an agent file and does no more.  words: what stands in it. */
void agent_file_check(const char *file, const char *words);
