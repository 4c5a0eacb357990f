/* Directories of the host's that a task mounts by name: volume_mount in the task, volume in its group, host_volume in
 * the agent file.  Only exec tasks have them.  Runs in bundle, up and check. */
#pragma once
#include "task/chroot.h"
#include "task/interpolate.h"
#include "task/job.h"

/* In the order of the task.  Each is read-only when one of the three blocks says so.  Adds them to the chroot, so that
 * what lies in them is found.  Fails at a volume that nobody names, or whose directory is not there. */
struct mount **volume_mounts(struct chroot *, const struct agent *, const struct group *, const struct task *,
			     struct pair *const *names);
