/* A job as its file says it, in one of the forms that are around: HCL with a `job` block, a lone `group`, `task` or
 * `config` block, or the JSON of `nomad job run -output`, with or without its "Job" around it.  Checked as far as the
 * file alone tells; nothing is interpolated yet.  Runs in bundle, up and check. */
#pragma once
#include "task/artifact.h"
#include "task/keys.h"

struct asked_resources {
	const struct block *block;
	int64_t *cpu, *cores, *memory, *memory_max, *secrets; /* MHz, a number, and MiB */
};

struct asked_logs {
	const struct block *block;
	int64_t *max_files, *max_file_size; /* a number, and MiB */
	bool disabled;
};

struct network {
	const struct block *block;
	const char *mode;
};

struct task {
	const struct block *block;
	const char *name, *driver, *user, *kill_signal;
	const struct block *config;
	struct member **env, **meta;
	struct asked_resources *resources;
	struct asked_logs *logs;
	struct artifact **artifacts;
	int64_t *kill_timeout; /* nanoseconds */
};

struct group {
	const struct block *block;
	const char *name;
	int64_t *count;
	struct network **networks;
	struct member **meta;
	struct task **tasks;
};

struct job {
	const struct block *block;
	const char *id, *name, *region, *namespace;
	struct member **meta;
	struct group **groups;
	struct task **lone; /* tasks without a group; job_read gives each a group of its own */
};

/* file: its name in errors.  vars: "NAME=VALUE" for the job's variables. */
struct job *job_parse(const char *file, const char *json_or_hcl, const char *const *vars);

/* Said in a text that begins with "{": JSON, as far as bivy is concerned. */
bool is_json(const char *);
