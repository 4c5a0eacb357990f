/* Mounts, by descriptor from end to end: a tree or a new filesystem is a descriptor, its place is a descriptor that was
 * found inside the root, and move_mount(2) joins the two.  No path of the container is ever followed by the kernel on
 * its own. */
#pragma once
#include "oci/mountopt.h"

#include <stdbool.h>

/* A copy of what stands at path (relative to dir), not attached anywhere.  Closing it unused costs an RCU grace period.
 */
int tree_open(int dir, const char *path, bool recursive);
int tree_of(int fd, bool recursive); /* the same for an open file or directory */

/* A new filesystem, not attached anywhere.  options: NULL for none. */
int filesystem_new(const char *type, const char *source, const struct mount_options *options);

/* Attributes and propagation of a mount that stands or floats. */
void mount_change(int mount, const struct mount_options *);
void mount_readonly(int mount, bool recursive);
void mount_propagation(int mount, uint64_t ms_flags);

/* Files of a detached mount show the ids that the user namespace's maps say.  mount_setattr(2), MOUNT_ATTR_IDMAP */
void mount_idmap(int mount, int user_namespace, bool recursive);

/* The filesystem that is mounted at place takes other options. */
void filesystem_change(int place, const struct mount_options *);

/* mount goes where place is (both descriptors), or says why not with `what` for a name. */
void mount_attach(int mount, int place, const char *what);

/* A descriptor (O_PATH) of the place below root, made when it is missing: a directory, or an empty file. */
int place_in_root(int root, const char *path, bool directory);
