/* What this kernel lets this process do, as far as isolation needs it: tried in a process of its own, or read, never
 * assumed from a version.  Runs in fingerprint. */
#pragma once
#include "oci/hostfacts.h"

/* In the order to show them; the list ends with NULL.  Nothing is left on the host. */
struct ability **abilities(void);

/* NULL: there is none of that name. */
const struct ability *ability_named(struct ability *const *, const char *name);
