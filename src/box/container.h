/* clang-format off */
/* A container that exists: its directory of state, and what the kernel says of it.  <root>/ID/ (0700) holds
 *   config.json  the bundle's, as it was at create: later edits have no effect
 *   journal      what exists on the host, each line written before the thing is made (box/journal.h)
 *   state.json   written once and whole by the last step of create; its absence is "creating", or debris of one that
 *                was killed
 *   start        INIT's socket; its presence is "created"
 *   notify/      where the program says that it is ready (box/ready.h)
 *   exit.json    written by the shim before anyone can see the end (box/record.h)
 *   stdout, stderr, logs.progress, stdout.staged, stderr.staged
 *                captured output on its way to the logs (box/logging.h, libexec/shim/capture.h)
 *   shim.sock    where the shim answers (box/contact.h)
 *   events       what has happened to it (box/history.h)
 *   stop         when the shim is to kill what is left (libexec/shim/deadline.h)
 * flock(2) on the directory means that someone is at work on it. */
/* clang-format on */
#pragma once
#include "box/logging.h"
#include "box/record.h"
#include "oci/config.h"
#include "oci/status.h"

#include <sys/types.h>

struct cgroup;

/* state.json */
struct saved {
	const char *version, *id, *bundle, *rootfs, *created, *owner, *cgroup;
	pid_t pid, shim; /* shim: who made it, its first shim; 0: an engine supervises */
	uint64_t started;
	struct saved_logs *logs; /* NULL: nothing is captured */
};
extern const struct type saved_type;

struct container {
	const char *id, *root;
	int dir;
	const struct saved *saved;   /* NULL: creating, or debris */
	const struct config *config; /* with saved, and as soon as it was written */
	struct cgroup *cgroup;       /* NULL: none known */
};

void id_check(const char *id); /* MISUSE when it cannot be one */

/* Made when missing, mode 0711: the bundles of `up` below it are for the tasks' users too. */
int root_open_dir(const char *root);

struct container *container_open(const char *root, const char *id);     /* fails: "does not exist" */
struct container *try_container_open(const char *root, const char *id); /* NULL: there is none */
const char **container_ids(const char *root);                           /* sorted */
bool container_stands(const struct container *);                        /* it has not been deleted since */

/* Waits up to 10 s for who is at work on it, then fails.  Released with the process, or by unlock. */
void container_lock(struct container *);
bool try_container_lock(const struct container *);
void container_unlock(const struct container *);

enum status container_status(const struct container *);
struct exit_record *container_exit(const struct container *); /* NULL: none (yet) */
int try_container_pidfd(const struct container *);            /* of its first process; -1: gone */

/* Sees to it that it has a shim: a new one, once, where the old ones were killed (box/adopt.c).  Opening a container
 * does that.  Not for who holds its lock. */
void container_attend(const struct container *);

/* What `state` prints.  pid: 0 when it is over. */
struct oci_state *container_state(const struct container *);
const char *state_line(const struct config *, const char *id, const char *bundle, enum status,
		       pid_t); /* for hooks: one line */
const char *time_now(void);    /* RFC 3339 with nanoseconds, UTC */
