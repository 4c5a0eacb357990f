/* The root that an exec task will see, before it exists: the task directory with the host's directories bound into it.
 * Nothing is copied.  Paths are followed here as the task would follow them: a link that leads to /x leads to the
 * task's /x, never to the host's.  Runs in bundle, up and check, with a bundle directory or without one. */
#pragma once
#include "oci/config.h"
#include "task/agent.h"
#include "task/made.h"

struct chroot_entry {
	const char *inside; /* absolute and clean */
	const char *source; /* absolute, on the host; NULL: nothing is bound */
	const char *link;   /* not NULL: a symbolic link of that text stands there, as on the host */
	int fd;             /* of the source, O_PATH; -1 */
	bool directory;
};

struct chroot {
	struct chroot_entry **entries;
};

/* bundle: the directory that holds task/; it may not be there yet.  alloc: the shared directory. */
struct chroot *chroot_plan(const struct agent *, const char *bundle, const char *alloc);

/* Where a path ended. */
struct way {
	const char *stop; /* the last place that was looked at, free of links */
	bool linked;      /* the path itself is a link, and led there */
};

/* Whether the path leads to a regular file (S_IFREG) or a directory (S_IFDIR) inside. */
bool chroot_has(const struct chroot *, const char *path, mode_t, struct way *);

/* The chroot entry whose source holds that path of the host, whatever it is called inside; NULL: none. */
const struct chroot_entry *chroot_holds(const struct chroot *, const char *host_path);

struct mount **chroot_mounts(const struct chroot *); /* one a bound entry, read-only, in the order to mount */

/* The mount points and links, made below the open task directory, whose path is `path`: empty ones. */
void chroot_make(const struct chroot *, int task_dir, const char *path, struct made *);
