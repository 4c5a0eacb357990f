/* Control groups, of version 1 (a hierarchy for each controller; used wherever it is mounted, hybrid machines included)
 * and of version 2 (one hierarchy).  All paths are the kernel's; nothing here knows whose they are.  cgroups(7),
 * Documentation/admin-guide/cgroup-*. */
#pragma once
#include "oci/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct hierarchy {
	const char *name;        /* its controllers: "cpu", "cpu,cpuacct", "name=systemd"; "" on v2 */
	const char *mount, *dir; /* mount point, and the absolute directory of this cgroup */
	int door;                /* O_WRONLY of `tasks` (v1) or `cgroup.procs` (v2); -1: not open */
};

struct cgroup {
	bool unified;                   /* pure v2 */
	const char *path;               /* below each mount point; clean, absolute */
	struct hierarchy **hierarchies; /* NULL: this machine has no cgroups.  Memory's is the last: see cgroup_enter */
	int dir;                        /* v2: a directory for CLONE_INTO_CGROUP; else -1 */
};

/* Where a container belongs by its `linux.cgroupsPath`: an absolute one as it is, a relative one below /bivy, none:
 * /bivy/ID.  Fails on `..`, on the root itself, and on systemd's "slice:prefix:name". */
const char *cgroup_path_of(const char *configured, const char *id);

/* What `path` means on this machine; makes and opens nothing, and gives the same answer each time: a later command
 * plans again. */
struct cgroup *cgroup_plan(const char *path);

/* The directories that cgroup_make is about to make, parents first: for a journal, written before. */
const char **cgroup_missing(const struct cgroup *);

/* Fails when the cgroup is there and holds processes or is frozen: it is another's.  Before a journal names it as ours.
 */
void cgroup_check_unused(const struct cgroup *);

/* HOST.  Makes what is missing, with one undo() for all of it.  v1: cpuset takes cpus and mems over from above where it
 * has none.  v2: turns on what controllers it can in the ancestors; one that cannot be is an error of the limit that
 * needs it, not before.  Fails when the cgroup is there and holds processes or is frozen.  Without cgroups: one
 * warning.
 */
void cgroup_make(struct cgroup *);

/* HOST, before the second process exists: opens the doors, and `dir` on v2. */
void cgroup_open_doors(struct cgroup *);

/* The process that joins, itself, while it has one thread: nobody waits for a grace period then.  Not needed on v2 when
 * it was born there (CLONE_INTO_CGROUP).  Closes the doors in this process.  The memory cgroup is joined last: it
 * counts from then on. */
void cgroup_enter(const struct cgroup *);
void cgroup_close_doors(const struct cgroup *); /* for who does not enter */

/* HOST.  What is set in the configuration and nothing else; members that are 0 where 0 means nothing (memory, cpu)
 * count as not set.  Fails naming property, file and value, when one cannot be applied as configured.  Devices: see
 * below.  Where one value bounds another (limit and swap, quota and burst) the order of writing is found by trying. */
void cgroup_limit(const struct cgroup *, const struct resources *);

/* The same for a cgroup in use: when one cannot be applied the others go back to what they were, as far as their files
 * can say that in one line.  With memory.checkBeforeUpdate a limit below what is in use is refused. */
void cgroup_limit_again(const struct cgroup *, const struct resources *);

/* HOST.  The whole list of device rules, the caller's own after the configuration's: an allow-list that starts from
 * "deny all", later rules before earlier ones.  v2: one BPF program, which takes the place of one that we attached
 * before; v1: devices.deny and .allow (a process that already runs there may be refused a device for an instant).  NULL
 * or empty: nothing is done.  tolerant: what is refused for lack of privilege (a user namespace) or because there is no
 * devices controller is a warning. */
void cgroup_devices(const struct cgroup *, struct device_rule *const *rules, bool tolerant);

/* Any command.  A cgroup that is gone is neither frozen nor does it hold processes. */
bool cgroup_frozen(const struct cgroup *);
void cgroup_freeze(const struct cgroup *); /* until all are; thaws again and fails when they are not after 10 s */
void cgroup_thaw(const struct cgroup *);
const pid_t *cgroup_pids(const struct cgroup *, size_t *n); /* sub-cgroups too; sorted, each once */

/* Sends the signal to all processes of the cgroup and its sub-cgroups; a frozen one is thawed for SIGKILL.  After
 * SIGKILL it returns when none is left.  -1: ETIMEDOUT after 10 s (some cannot die), EDEADLK when we are in it
 * ourselves, or another errno. */
int try_cgroup_kill(const struct cgroup *, int signal);

/* Removes the cgroup, sub-cgroups first, then parents below /bivy that are empty.  Tries again while the kernel says it
 * is busy.  0 also when it is gone already; -1: EBUSY after timeout_ms, or another errno. */
int try_cgroup_remove(const struct cgroup *, int timeout_ms);
void cgroup_remove_made(const char *const *made); /* what cgroup_missing listed, as far as it is empty; last first */

struct cgroup_oom {
	uint64_t oom, oom_kill; /* v1 counts only the kills, so both are that */
};

struct cgroup_oom cgroup_oom(const struct cgroup *); /* before it is removed; zeros without a memory controller */

/* For the files of this facility: the hierarchy of a controller such as "memory"; NULL: not mounted. */
const struct hierarchy *cgroup_hierarchy(const struct cgroup *, const char *controller);
/* v2: why a controller's files are missing here. */
const char *cgroup_why_not(const struct cgroup *, const char *controller);
