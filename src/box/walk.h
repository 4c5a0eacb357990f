/* From what was asked for to a container, or to a process in one: the lists of box/lists.c, walked by HOST. */
#pragma once
#include "box/box.h"

/* Nothing is made or opened yet. */
struct box *box_new(const char *root, const char *id, const struct wishes *);

/* Walks create_steps; returns when the container is created. */
void box_create(struct box *);

/* Walks exec_steps; returns when the program runs. */
void box_exec(struct box *);
