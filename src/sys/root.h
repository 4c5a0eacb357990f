/* The root filesystem of a container, as a tree that one descriptor stands for, and the step into it.  Runs in INIT. */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Keeps what we mount from the host: every mount of this namespace becomes a slave of the host's. */
void root_isolate(void);

/* Attaches the tree, so that mounts can be made below it.  path: where it can be found by name until it is entered, if
 * that can be reached from here; NULL: that does not matter. */
void root_attach(int tree, const char *path);

/* Makes it "/" and lets go of everything else.  no_pivot: for a root that pivot_root(2) refuses, such as one on the
 * initramfs; the old root stays below, out of sight of a process that cannot mount. */
void root_enter(int tree, bool no_pivot);

/* A directory as root where there is no mount namespace of our own. */
void root_change(int dir);
