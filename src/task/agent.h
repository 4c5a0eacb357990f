/* What the agent file (--client) says of this host: which directories a task sees, which drivers may run, which users
 * may not. It is Nomad's own file, in its HCL1 dialect; what only concerns a cluster's agent in it is passed over, and
 * what would concern a task but has no effect here is warned of.  Without a file the defaults are Nomad's.  Runs in
 * bundle, up and check. */
#pragma once
#include "task/allowance.h"

#include <sys/types.h>

struct id_range {
	int64_t first, last;
};

struct plugin {
	const char *default_pid_mode, *default_ipc_mode; /* exec: "private" or "host"; never NULL */
	uint64_t allowed;                                /* exec: a capability mask */
	struct id_range **denied_uids, **denied_gids;
	const char **denied_envvars; /* raw_exec: names, with * */
	bool enabled;
};

/* A directory that a job may mount, by this name. */
struct host_volume {
	const struct block *block;
	const char *name, *path;
	bool read_only;
};

struct agent {
	const char *name, *datacenter, *region, *node_class, *node_pool, *data_dir;
	struct member **meta;
	struct pair **chroot; /* source on the host -> place inside */
	bool chroot_given;    /* by the file: a missing source is worth a warning */
	struct host_volume **volumes;
	const char **denied_users, **checked_drivers;
	const char **denied_variables; /* of the caller's environment: a raw_exec task does not see them */
	const char *reservable_cores;  /* "0-3,6"; NULL: all that this process may run on */
	int64_t max_kill_timeout;      /* nanoseconds */
	struct allowance artifact;
	struct plugin exec, raw_exec;
};

struct agent *agent_parse(const char *file, const char *hcl); /* NULL, NULL: the defaults */

/* Fails when the file forbids that driver.  at: where the task says so. */
void agent_check_driver(const struct agent *, const char *driver, struct position at);
