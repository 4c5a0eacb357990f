/* A command that stays while the program runs: it passes signals and the terminal on, and exits with the program's
 * code. */
#pragma once
#include "box/container.h"

/* Before the container is made. */
void foreground_begin(void);

/* Until the process of pidfd is gone.  console: the master of its terminal, or -1. */
void foreground_follow(int pidfd, int console);

/* The code of a container that has been followed; fails when it cannot be known. */
int foreground_code(const struct container *);

/* undo(): removes the container, as the struct container * it is. */
void foreground_remove(void *container);
