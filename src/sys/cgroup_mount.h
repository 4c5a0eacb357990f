/* The mount of type "cgroup" or "cgroup2" inside a container.  Runs in INIT, after it has joined its cgroup. */
#pragma once
#include "sys/cgroup.h"
#include "sys/mount.h"

/* v2: the container's own tree.  v1: a tmpfs with one directory for each hierarchy, as on the host, and the usual
 * links. own_namespace: it has a cgroup namespace, whose root is its own cgroup; else the cgroup's directory is bound.
 */
void cgroup_mount(const struct cgroup *, int place, const struct mount_options *, bool own_namespace);
