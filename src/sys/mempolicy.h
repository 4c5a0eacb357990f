/* From which NUMA nodes a process gets its memory: set_mempolicy(2).  Kept over exec and fork.  Runs in INIT. */
#pragma once
#include "oci/config.h"

void memory_policy_apply(const struct memory_policy *);
