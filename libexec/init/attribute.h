/* What the program is to be for AppArmor and SELinux: said to the kernel after the hooks, whose programs it would hold
 * for else, and while the user and the filter allow it. */
#pragma once
#include "mapped.h"

void attributes_write(struct plan *);
