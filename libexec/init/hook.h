/* startContainer hooks: in the container, before its program, as its root (runtime-spec, "POSIX-platform Hooks"). */
#pragma once
#include "mapped.h"

void hooks_run(struct plan *);
