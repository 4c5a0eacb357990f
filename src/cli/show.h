/* The command table, shown: for a reader, and for man(1).  All of it goes to stdout. */
#pragma once
#include "cli/options.h"

void show_help(const struct command *, const struct command *outer);
void show_commands(const struct command *outer, const struct command *const *commands);

/* The sections on options and commands of bivy.8, in man(7). */
void show_manual(const struct command *outer, const struct command *const *commands);

/* Makes sure that what was printed has arrived: a full disk or a closed stdout is a failure, not a short answer. */
void show_end(void);
