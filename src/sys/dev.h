/* Device nodes of a container.  Runs in INIT, before the root is entered: where mknod(2) is refused the host's nodes
 * are bound. */
#pragma once
#include "oci/config.h"

/* The nodes that the runtime-spec wants in every container, and the links of "Dev symbolic links". */
extern struct device *const default_devices[];
extern struct device_rule *const default_device_rules[]; /* what those need, and the terminals */

/* root: where they go.  bind: the host's node instead of a new one (a user namespace cannot make nodes). */
void devices_make(int root, struct device *const *, bool bind);
void device_links_make(int root);
