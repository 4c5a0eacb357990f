/* The tiny init that a container may ask for: bivy-init forks, the child becomes the program, and the parent stays as
 * process 1 of the pid namespace.  It reaps what is left to it, passes every signal on that it can catch, and ends as
 * the program ends. */
#pragma once
#include "mapped.h"

/* Returns in the program's process only, which is the leader of a session of its own with the terminal, if there is
 * one.  Nothing when the plan does not ask for it. */
void reaper_stay(struct plan *);
