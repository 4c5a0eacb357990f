/* What may be typed next, for the completions of a shell. */
#pragma once
#include "cli/options.h"

/* words: what stands after the program's name up to the cursor; the last one, perhaps empty, is being typed.
 * Prints a line "WORD<tab>what it is" for each possibility, or ":file" or ":dir" where the shell knows better.
 * ids: lists the containers. */
void words_show(const struct command *outer, const struct command *const *commands, const char **(*ids)(void),
		char **words);
