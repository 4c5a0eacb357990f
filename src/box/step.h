/* A command as a list of named steps.  Two processes walk the same list, each doing its own rows; where the side
 * changes, one hands the turn to the other.  So the list is the order, and the order is all the synchronisation there
 * is. */
#pragma once
#include <stdbool.h>

struct box;
enum side { HOST, INIT };

struct step {
	enum side side;
	const char *name; /* what an error says failed, and a trace times */
	void (*run)(struct box *);
	bool (*when)(const struct box *); /* NULL: always.  Both sides ask, and must agree: configuration only */
	bool leaves;                      /* INIT becomes another program here: its silence is the turn */
};

/* Walks from `s` to the end of the list.  HOST begins. */
void steps_walk(struct box *, const struct step *s, enum side me);

/* The part of the list that comes after the step that this function runs: where a new process starts to walk. */
const struct step *steps_after(const struct step *, void (*run)(struct box *));
