/* The state document of the runtime-spec: what `state` and `list` print, and what hooks read on their standard input.
 */
#pragma once
#include "json/field.h"

#include <sys/types.h>

enum status { CREATING, CREATED, RUNNING, PAUSED, STOPPED };

struct exit_shown {
	int32_t code;
	int32_t *signal;
	bool core, oom, unknown;
	const char *oom_limit; /* see box/record.h */
	uint64_t memory_peak, user_usec, system_usec, dropped_out, dropped_err;
	const char *started, *finished;
};

struct oci_state {
	const char *version, *id;
	enum status status;
	pid_t pid; /* 0: none */
	const char *bundle, *rootfs, *created, *owner;
	struct exit_shown *exit; /* bivy's own: the exit record, from the end of the process until delete */
	struct pair **annotations;
};

/* What goes to a seccomp agent, beside the descriptors: "container process state". */
struct process_state {
	const char *version, **fds; /* a name for each descriptor */
	pid_t pid;                  /* as the runtime sees it */
	const char *metadata;
	struct oci_state *state;
};

extern const struct type oci_state_type, process_state_type;
extern const struct name status_names[];
#define SPEC_VERSION "1.3.0"
