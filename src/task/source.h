/* The source of an artifact: its URL, with the options in its query, and what follows from them and from its name. Runs
 * in bundle, up and check. */
#pragma once
#include "task/order.h"
#include "task/tree.h"

/* Fills in all of an order but its headers and flags.  options: sorted by name, references put in.  Fails at a scheme
 * that is not fetched, and at an option that makes no sense.  at: where the source stands. */
void source_read(struct order *, struct position at, const char *source, struct pair *const *options);

/* For messages: without the credentials that may stand in it, and without its query. */
const char *source_shown(const char *source);

/* "sha256:..." as digest and digits, or "file:URL" as list.  Fails when it is neither. */
void checksum_read(struct order *, struct position at, const char *checksum);
