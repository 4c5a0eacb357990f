/* A cgroup that a container may divide by itself: runtime-spec, "Cgroup ownership"; cgroups(7), "Cgroups delegation".
 * Runs in HOST. */
#pragma once
#include "sys/cgroup.h"

/* Version 2 only, for version 1 cannot be delegated safely: nothing is done there.  owner: on the host.  It gets the
 * directory and the files that the kernel lists for this, and none that holds a limit. */
void cgroup_delegate(const struct cgroup *, uid_t owner);
