/* Where and when a process computes: the rules of sched(7), ioprio_set(2), set_mempolicy(2) that hold on any kernel. */
#pragma once
#include "oci/config.h"

/* where: the document and the path, "config.json: process". */
void scheduling_check(const struct process *, const char *where);
void deadline_check(const struct scheduler *, const struct hooks *, const char *name); /* NULL: no scheduler */
void memory_policy_check(const struct memory_policy *, const char *where);
