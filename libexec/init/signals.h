/* Signals of bivy-init.  What the caller had ignored or blocked stays the caller's: the program begins with the default
 * of all and an empty mask. */
#pragma once
#include <stdbool.h>

void signals_take(void);
void signals_ignore_pipe(bool ignore); /* true: for the time of a write to who may not read; false: as before */
void signals_child(void);              /* for a hook: nothing ignored */
void signals_ignore_hangup(bool ignore);
void signals_hold(void); /* all of them wait, from now on */
void signals_release(void);
