/* The plan for bivy-init (sys/plan.h) and bivy-init itself, each as a sealed memfd.  Runs in INIT or on its behalf,
 * before the memory limit counts. */
#pragma once
#include "oci/config.h"
#include "sys/caps.h"
#include "sys/lsm.h"
#include "sys/seccomp.h"

/* What is left to do when the container stands.  Descriptors: -1 is none; they are the numbers that bivy-init will see.
 */
struct init_work {
	const struct process *process;       /* args, env, user, cwd, noNewPrivileges */
	const char *program;                 /* absolute, inside the container */
	const struct caps *caps;             /* NULL: as the user change leaves them */
	const struct filter *filter;         /* NULL: none */
	struct hook *const *hooks;           /* startContainer */
	const char *state;                   /* for their stdin */
	struct attribute *const *attributes; /* of lsm_attributes */
	int start_fd, peer_fd, attr_fd, keep_fds;
	bool keep_groups; /* a user namespace that denies setgroups */
	bool reaper;      /* an init: process 1 stays, and its child becomes the program */
};

int plan_write(const struct init_work *); /* a read-only, sealed descriptor, close-on-exec */

/* A sealed copy, so that nothing in the container can write to the program that it was started by (CVE-2019-5736); for
 * execveat(fd, "", AT_EMPTY_PATH).  Close-on-exec. */
int init_memfd(void);
