/* Where a task's command is found, in the order in which Nomad looks.  A file that is found, but that the kernel
 * would refuse for want of its interpreter or loader, is an error; for want of a library, a warning.  Runs in bundle,
 * up and check. */
#pragma once
#include "task/chroot.h"

struct sought {
	const char *command;
	struct position at;
	bool may_come; /* an artifact will bring it: that it is not there yet is no mistake, and gives NULL */
	const char *library_path; /* the LD_LIBRARY_PATH that it will have; NULL: none */
};

/* exec: below local/, then the root, then usr/local/bin, usr/bin and bin.  The path inside the root. */
const char *command_inside(const struct chroot *, const struct sought *);

/* raw_exec: below local/ and the task directory, then as it is when absolute, then in the PATH given.  The path on the
 * host. task_dir: NULL for none. */
const char *command_on_host(const char *task_dir, const char *path, const struct sought *);
