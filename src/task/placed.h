/* A file that is put into a task's directories before it starts: a template, a dispatched payload.  Runs in bundle and
 * up. */
#pragma once
#include "base/passwd.h"
#include "task/made.h"
#include "task/tree.h"

#include <stdint.h>
#include <sys/types.h>

struct placed {
	bool shared;      /* below the shared directory; else below the task's */
	const char *path; /* below it: relative, clean, no "." and no ".." in it */
	const char *words;
	size_t length;
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* Where a job's destination leads: task and alloc are the directories as the task sees them, "/" and "/alloc" in an
 * exec task.  Fills shared and path; fails when it is outside both, or is a directory of bivy's. */
struct placed placed_at(const char *destination, const char *task, const char *alloc, struct position at);

/* dir: the directory that it is below, open, and its path.  Directories on the way are made for `who`; a link on the
 * way is never followed, and one in the file's place is replaced. */
void placed_write(const struct placed *, int dir, const char *whole, const struct account *who, struct made *);
