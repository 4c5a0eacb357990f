/* A container that is being made, or a process that is being put into one: what the steps of box/lists.c share.  A
 * member is filled by the step that its comment names; descriptors are -1 until then. */
#pragma once
#include "oci/config.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct cgroup;
struct filter;
struct caps;
struct criu;
struct rdt;
struct attribute;
struct container;

/* The program's output, captured; see libexec/shim/capture.h for what becomes of it. */
struct log_wishes {
	const char *dir, *name; /* raw: DIR/NAME.stdout.0 and so on; the other formats: DIR/NAME.log */
	const char *format;     /* "raw", "json-file" or "cri" */
	int64_t files, size;    /* how many are kept, of how many bytes */
	bool disabled;          /* all of it goes to /dev/null, and nothing else here counts */
};

/* What the caller of create, run, up or exec asked for. */
struct wishes {
	const char *console_socket, *pid_file;
	const char *pidfd_socket;      /* where somebody listens for a pidfd of the process */
	const char **cgroups;          /* exec: where below the container's cgroup; see exec.c */
	const struct log_wishes *logs; /* NULL: the program has the caller's streams */
	bool no_pivot, no_new_keyring, keep_terminal, no_shim, ignore_paused, ready;
	bool init;               /* a tiny init as process 1 */
	const struct criu *criu; /* restore: from these images; else NULL */
	int preserve_fds;        /* descriptors from 3 on that the program gets, LISTEN_FDS included */
};

struct box {
	const char *id, *bundle; /* the bundle as an absolute path */
	const struct config *config;
	const struct process *process; /* config's, or an exec's; NULL: there is none yet */
	const struct wishes *wishes;
	struct container *container; /* exec: the one to go into */

	const char *root;            /* where all state lives: --root */
	int dir;                     /* "state directory": <root>/ID, locked while open here */
	struct cgroup *cgroup;       /* "cgroup" */
	bool born_in_cgroup;         /* "process" */
	const struct filter *filter; /* "filter" */
	const struct caps *caps;     /* "capabilities" */
	const struct rdt *rdt;       /* "intelRdt" */
	int init_program;            /* "bivy-init": its sealed copy */
	int start;                   /* "start socket": it listens; INIT inherits it */
	int out, err;                /* "logs": what the program's streams go to */
	const char *shim_logs; /* "logs": the shim's argument LOGS (libexec/shim/shim.h); NULL: nothing is captured */
	int log_dir, out_read, err_read; /* "logs": what the shim gets with it */
	int root_tree;                   /* "root": the root filesystem, detached; exec: see container_root */
	int *sources;                    /* "sources": one for each of config->mounts, -1 for those that are no binds */
	int *mapped;        /* "sources": likewise a user namespace, for the id-mapped ones that are no binds */
	struct join *joins; /* "namespaces": those that INIT enters by itself, up to one with flag 0 */

	bool reaper;      /* "init": bivy-init stays as process 1 */
	bool hooks_begun; /* "hooks": what create undoes after it is followed by the poststop hooks */

	pid_t front_end; /* who forked HOST and waits for it; 0: HOST is that command itself */
	pid_t init;      /* "process": its pid, 0 in INIT itself */
	int pidfd;
	uint64_t started; /* start time, see base/proc.h */
	int peer, gift;   /* the other process, and a descriptor that goes along with the turn */

	int proc;                      /* INIT, "mounts": the procfs we mounted; -1: none */
	int attr;                      /* INIT, "profile or label": its /proc/PID/attr */
	struct attribute **attributes; /* the same: what bivy-init writes there */
	int terminal;                  /* INIT, "terminal" */
	int console;                   /* HOST, "console": the master */
	const char *program;           /* INIT, "program" */
	int plan;                      /* INIT, "plan" */
};
