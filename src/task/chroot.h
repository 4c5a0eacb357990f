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
	bool added; /* by chroot_bind, for a mount that is not chroot_mounts' */
};

struct chroot {
	struct chroot_entry **entries;
};

/* bundle: the directory that holds task/; it may not be there yet.  alloc: the shared directory. */
struct chroot *chroot_plan(const struct agent *, const char *bundle, const char *alloc);

/* Once the bundle is there: its own directories are part of what is looked at. */
void chroot_look_again(struct chroot *);

/* Where a path ended. */
struct way {
	const char *stop; /* the last place that was looked at, free of links */
	const char *rest; /* what of the path was left then */
	bool linked;      /* the path itself is a link, and led there */
};

/* Whether the path leads to a regular file (S_IFREG) or a directory (S_IFDIR) inside. */
bool chroot_has(const struct chroot *, const char *path, mode_t, struct way *);

/* Where the path leads when its links are followed inside, as far as it is there. */
const char *chroot_leads(const struct chroot *, const char *path);

/* The regular file that the path leads to, for reading: -1 and ENOENT when there is none. */
int try_chroot_open(const struct chroot *, const char *path);

/* Something that the job has mounted: what is there is found, its mount point is made.  what: "volume_mount", and where
 * the job says so, for errors; file: the source is a file that may not be there yet.  The place, free of links. */
struct addition {
	const char *inside, *source, *what;
	struct position at;
	bool file;
};
const char *chroot_bind(struct chroot *, const struct addition *);

/* Whether the task would see a file that is put there: no directory of the host's and none of the kernel's covers it.
 */
bool chroot_may_hold(const struct chroot *, const char *path);

/* The chroot entry whose source holds that path of the host, whatever it is called inside; NULL: none. */
const struct chroot_entry *chroot_holds(const struct chroot *, const char *host_path);

struct mount **chroot_mounts(const struct chroot *); /* one a bound entry, read-only, in the order to mount */

/* Whether its mount point, or link, is for the bundle to make: none of bivy's own, and not inside a host's directory.
 */
bool chroot_makes(const struct chroot *, const struct chroot_entry *);

/* The mount points and links, made below the open task directory, whose path is `path`: empty ones. */
void chroot_make(const struct chroot *, int task_dir, const char *path, struct made *);
