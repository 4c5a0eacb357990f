/* Artifacts, fetched by bivy-fetch and moved to their places.  All of a task's come, or none is left.  Runs in bundle
 * and up. */
#pragma once
#include "base/passwd.h"
#include "task/allowance.h"
#include "task/delivery.h"
#include "task/made.h"

/* dir: the bundle's directory; it holds task/.  alloc: the shared one.  The files are who's.  quiet: no progress is
 * shown on a terminal. */
void fetch(struct made *, struct delivery *const *, const char *dir, const char *alloc, const struct account *who,
	   const struct allowance *, bool quiet);
