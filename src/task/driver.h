/* The `config` of a task, as its driver understands it.  Runs in bundle, up and check, when the task's strings have
 * been evaluated: an expression may give any of these. */
#pragma once
#include "task/agent.h"

struct settings {
	const struct block *block;
	const char *command, **args, *work_dir;
	const char *artifact_source, *checksum;                 /* as Nomad 0.3 had them; NULL */
	const char *pid_mode, *ipc_mode, **cap_add, **cap_drop; /* exec; the modes are never NULL */
	uint64_t capabilities;                                  /* exec: what follows from the lists */
	bool init;                                              /* exec: a process of bivy's is pid 1, and reaps */
	const char *cgroup_v2;          /* raw_exec: an absolute path, or one below /sys/fs/cgroup */
	struct pair **cgroup_v1;        /* raw_exec: controller -> path */
	int64_t *oom_score_adj;         /* raw_exec */
	struct member **ulimit;         /* NULL: the caller's */
	int64_t *pids_limit, *shm_size; /* a number, and bytes; shm_size: exec */
	const char **denied_envvars;    /* raw_exec: the task's and the agent's */
};

/* config: NULL when the task has none; task: where the task stands.  Fails as the driver would. */
struct settings *settings_read(const struct block *config, struct position task, const char *driver,
			       const struct agent *);
