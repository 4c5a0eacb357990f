/* What a task finds in its environment, and what its strings may refer to.  An exec task gets nothing of the caller's
 * environment: that is where other people's secrets are.  raw_exec inherits it, but for what the agent file's
 * env.denylist names (Nomad's seventeen without one).  Runs in bundle, up and check. */
#pragma once
#include "base/passwd.h"
#include "task/agent.h"
#include "task/cores.h"
#include "task/interpolate.h"
#include "task/job.h"

/* The task's directories as it sees them, and who runs it. */
struct setting {
	const struct job *job;
	const struct group *group;
	const struct task *task;
	const struct agent *agent;
	const char *alloc_id, *task_dir, *alloc_dir, *secrets_dir, *path;
	int index;
	struct pair **ports;
	struct cores cores;
	char *const *inherited; /* "NAME=VALUE"; NULL: nothing */
};

struct pair **host_names(const struct agent *);                             /* node.*, attr.*, meta.* */
struct pair **task_environment(const struct setting *, struct pair **host); /* without the user's */

/* "NAME=VALUE", sorted.  USER, LOGNAME and HOME are the account's whatever the task says, as in Nomad.
 * denied: names, with *, that are left out. */
const char **environment_list(struct pair *const *, const struct account *, const char *const *denied);

const char *random_uuid(void);
