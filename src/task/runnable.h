/* The command of a task where the job itself brings it: a template, a payload, an artifact, or a file put there by
 * hand. These come without permission to be executed, and as in Nomad that is given: read and execute, to all.  Runs in
 * bundle, up and check. */
#pragma once
#include "task/placed.h"

/* Below the task directory, "local/tool": the planned file that the command will be, which becomes executable; NULL: it
 * is none of them.  task_dir: the directory as the task sees it. */
const char *runnable_planned(struct placed *const *files, const char *task_dir, const char *command);

/* The same for a file that is there.  task_dir: on the host. */
void runnable_make(const char *task_dir, const char *command);
