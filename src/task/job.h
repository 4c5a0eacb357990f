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

/* The group's network, and what /etc/resolv.conf is to say in it. */
struct dns {
	const struct block *block;
	const char **servers, **searches, **options;
};

struct port {
	const struct block *block;
	const char *label;
	int64_t *number, *to; /* number NULL or 0: any that is free */
};

struct network {
	const struct block *block;
	struct port **ports;
	const char *mode, *hostname;
	struct dns *dns;
};

/* When a task that has ended is run again.  A group's counts for each of its tasks without one. */
struct restart {
	const struct block *block;
	int64_t *attempts, *interval, *delay; /* a number; nanoseconds */
	const char *mode;                     /* "fail" or "delay" */
};

/* When a task that is no main task runs. */
struct lifecycle {
	const struct block *block;
	const char *hook; /* "prestart", "poststart" or "poststop" */
	bool sidecar;
};

/* A directory of the host's, named in the agent file (host_volume), that the group asks for by that name. */
struct volume {
	const struct block *block;
	const char *name, *type, *source;
	bool read_only;
};

struct volume_mount {
	const struct block *block;
	const char *volume, *destination, *propagation_mode;
	bool read_only;
};

/* A file that is written before the task starts. */
struct template
{
	const struct block *block;
	const char *data, *destination, *perms, *left_delimiter, *right_delimiter, *source;
	int64_t *uid, *gid;
	bool env; /* its lines are variables of the task's environment */
};

struct dispatch_payload {
	const struct block *block;
	const char *file; /* below local/ */
};

struct task {
	const struct block *block;
	const char *name, *driver, *user, *kill_signal;
	const struct block *config;
	struct member **env, **meta;
	struct asked_resources *resources;
	struct asked_logs *logs;
	struct artifact **artifacts;
	struct template **templates;
	struct volume_mount **mounts;
	struct dispatch_payload *payload;
	struct lifecycle *lifecycle; /* NULL: a main task */
	struct restart *restart;
	int64_t *kill_timeout, *shutdown_delay; /* nanoseconds */
	bool leader;
};

struct group {
	const struct block *block;
	const char *name;
	int64_t *count;
	int64_t *shutdown_delay; /* nanoseconds */
	struct network **networks;
	struct member **meta;
	struct volume **volumes;
	struct restart *restart;
	struct task **tasks;
};

/* What a dispatch of the job must, may and may not give. */
struct parameterized {
	const struct block *block;
	const char *payload; /* "optional", "required" or "forbidden" */
	const char **meta_required, **meta_optional;
};

struct job {
	const struct block *block;
	const char *id, *name, *region, *namespace, *type;
	struct member **meta;
	struct parameterized *parameterized;
	struct group **groups;
	struct task **lone; /* tasks without a group; job_read gives each a group of its own */
};

/* file: its name in errors. */
struct job *job_parse(const char *file, const char *json_or_hcl, const struct given_variables *);

/* Makes a parameterized job the one that is dispatched with these: "KEY=VALUE" become its meta.  Neither: it is run as
 * it is, with a warning.  Fails at what it does not take, and at what it needs. */
void job_dispatch(struct job *, const char *payload, const char *const *meta);

/* The same for a job that is only checked: each of its keys is there, and empty. */
void job_dispatch_any(struct job *);

/* Of a restart block what it says, and where it is silent what Nomad takes for that type of job (NULL: service). */
struct restart_policy {
	int64_t attempts, interval, delay; /* a number; nanoseconds */
	const char *mode;
};
struct restart_policy job_restart_policy(const char *type, const struct restart *);

/* A service is to run: it is restarted also when it ends well. */
bool job_is_service(const struct job *);

/* What the file alone shows to be wrong; Nomad's server checks the same before any task is looked at. */
void job_check(const struct job *);

/* Said in a text that begins with "{": JSON, as far as bivy is concerned. */
bool is_json(const char *);
