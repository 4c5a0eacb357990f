/* A container's classes and groups in resctrl. */
#pragma once
#include "box/container.h"

/* Of those that `create` made, the ones that end with the container. */
void container_rdt_remove(const struct container *);
