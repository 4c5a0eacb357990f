/* What a task may have at most beyond its `resources`: ulimit, pids_limit and shm_size of its config.  Nomad's exec has
 * none of them; they are called, and written, as its docker driver has them.  Runs in bundle, up and check. */
#pragma once
#include "oci/config.h"
#include "task/driver.h"

/* Puts them into config.json.  Fails at a limit that the kernel does not have, or that is no number. */
void ceiling_set(struct config *, const struct settings *);
