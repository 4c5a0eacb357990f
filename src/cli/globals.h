/* The options that stand before the command. */
#pragma once
#include "cli/options.h"

struct globals {
	const char *root; /* the directory of all state: never NULL, absolute */
	const char *log, *log_format, *cgroup_manager, *rootless;
	bool debug, systemd_cgroup, version;
};

extern const struct command program; /* bivy itself as a command, around all others */

/* Reads them from the words at *words, which then stands at the command.  False: --help was asked for. */
bool globals_read(char ***words);
void globals_apply(void); /* opens the log; refuses what bivy does not do */
const struct globals *globals(void);
