/* An artifact block: read and checked, its file not fetched. */
#pragma once
#include "task/keys.h"

struct artifact {
	const struct block *block;
	const char *source, *destination, *mode;
	struct member **options, **headers;
	bool insecure, chown;
};

extern const struct keys artifact_keys;

/* The artifact_source of a config as Nomad 0.3 had it: one file, kept as it is, in local/.  checksum: or NULL. */
struct artifact *artifact_of_config(struct position, const char *source, const char *checksum);

/* Fails at a missing source, a malformed checksum, an unknown mode, and a destination outside the allocation.
 * What holds a reference "${...}" is left to the run. */
void artifact_check(const struct artifact *);
