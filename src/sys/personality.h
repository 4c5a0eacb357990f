/* What kind of machine a process is told it runs on: personality(2).  Kept over exec and fork.  Runs in INIT. */
#pragma once
#include "oci/config.h"

void personality_apply(const struct personality *);
