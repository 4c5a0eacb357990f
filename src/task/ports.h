/* Ports of a group's network: numbers in the environment of its tasks.  Nothing is forwarded and nothing reserved; a
 * dynamic port is one that nobody listened at when the bundle was made.  Runs in bundle, up and check. */
#pragma once
#include "task/job.h"
#include "json/field.h"

struct ports_pool {
	int next; /* where the search for the next dynamic one begins */
};

struct ports_pool *ports_pool(void);

/* "NOMAD_PORT_label" and its kin, for one allocation of the group; NULL: it has none. */
struct pair **ports_take(struct ports_pool *, const struct network *);

void ports_check(const struct network *); /* fails at a label without a name or given twice, and at what is no port */
