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

/* Fails at a missing source, a malformed checksum, an unknown mode, and a destination outside the allocation.
 * What holds a reference "${...}" is left to the run. */
void artifact_check(const struct artifact *);
