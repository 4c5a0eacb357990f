/* What an artifact may take of time and disk, by the names and defaults of Nomad's client.artifact in the agent file.
 * Runs in bundle, up and check. */
#pragma once
#include "task/keys.h"

struct allowance {
	const struct block *block;
	int64_t *timeout; /* nanoseconds */
	const char *size, *unpacked_size;
	int64_t *unpacked_files;
	/* From these, and never unset: */
	int64_t seconds, bytes, unpacked_bytes, most_files; /* 0 bytes or files: any */
};

extern const struct keys allowance_keys;

/* asked: NULL for the defaults.  Fails at a size that is none. */
struct allowance allowance_of(const struct allowance *asked);
