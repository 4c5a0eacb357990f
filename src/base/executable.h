/* Whether execve(2) would take a file, and in plain words why not: it answers ENOENT, EACCES and ENOEXEC for a dozen
 * different faults.  Looked at are mode and mount, the first line of a script and its interpreter, an ELF file's
 * processor and loader, and theirs in turn. */
#pragma once
#include "base/fail.h"

#include <stddef.h>

/* A root that paths are looked up in, as who will run the program sees it. */
struct looker {
	int (*try_open)(const struct looker *, const char *path, int flags); /* as try_open_in_root */
	const void *context;
	int root;          /* for look_below */
	const char *where; /* what an error calls it: "the container's root filesystem" */
};

/* The try_open for what lies below the descriptor `root`. */
int look_below(const struct looker *, const char *path, int flags);

struct defect {
	enum kind kind;   /* NOT_FOUND or NOT_EXECUTABLE */
	const char *what; /* "/bin/x: permission denied: it is a directory, not a program" */
};

/* NULL: nothing that can be seen from here is wrong.  path: absolute, or relative to cwd.  refused: the kernel has said
 * no already, so that what only it can know (is there an emulator for it?) is known too. */
const struct defect *executable_defect(const struct looker *, const char *cwd, const char *path, bool refused);

/* Only what the file's own mode and mount say, errno and all; NULL when it can be run by them.  fd: O_PATH will do. */
const char *executable_fault(int fd);
