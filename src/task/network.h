/* The network of a group: the host's, none at all, or a namespace that somebody has made.  bivy makes no bridges; it
 * joins what ip-netns(8), a CNI plugin or an engine has set up.  Runs in bundle, up and check. */
#pragma once
#include "oci/config.h"
#include "task/job.h"

/* NULL: the host's.  path: of the namespace, as --network-namespace says it, NULL: the one named after the allocation;
 * alloc_id NULL: nothing is going to be written, and it need not be there. */
const struct namespace *network_of(const struct group *, const char *path, const char *alloc_id);
