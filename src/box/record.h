/* How a container's first process ended: exit.json, written by bivy-shim (libexec/shim) and read by every command.
 * Containers of an engine (--pid-file) have no shim and no record: the engine reaps them itself. */
#pragma once
#include "json/field.h"

struct exit_record {
	int32_t code;   /* as a shell would have it: 128 + signal for a signal */
	int32_t signal; /* 0: it exited */
	bool core;
	bool unknown; /* the code is lost: nobody's child, on a kernel that cannot tell; code is then 255 */
	bool oom;     /* a process of the cgroup was killed for lack of memory */
	uint64_t oom_kills;
	const char
		*oom_limit; /* with oom, whose limit that was: "own", or "parent" for one above or the machine's end */
	uint64_t memory_peak;            /* bytes; 0: not counted here */
	uint64_t user_usec, system_usec; /* with the children it waited for */
	uint64_t max_rss_kib;
	uint64_t dropped_out, dropped_err; /* bytes of captured streams that could not be written anywhere */
	const char *started, *finished;    /* RFC 3339, UTC, nanoseconds; started NULL: it never was */
};

extern const struct type exit_record_type;

struct exit_record *record_read(int state_dir); /* NULL: there is none */

/* The record, waiting for it as long as the shim lives, at most timeout_ms (-1: for ever).
 * NULL: not ended within that time (errno ETIMEDOUT), or no record and no shim that could write one (ESRCH). */
struct exit_record *record_wait(int state_dir, int timeout_ms);
