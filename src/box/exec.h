/* A further process in a container that runs. */
#pragma once
#include "box/box.h"
#include "box/container.h"

/* What HOST and INIT need to walk exec_steps.  process: the whole of it, from a file or from config.json with changes.
 */
struct box *exec_box(struct container *, const struct process *, const struct wishes *);
