/* The words that config.json uses for the kernel's numbers; each stands here once. */
#pragma once
#include "json/field.h"

extern const struct name namespace_names[], propagation_names[], rlimit_names[], device_kind_names[],
	seccomp_action_names[], seccomp_op_names[], sched_policy_names[], io_class_names[], personality_names[],
	sched_flag_names[], memory_mode_names[], memory_flag_names[], signal_names[];

/* The or of the words' values; fails, naming `where` and what is known, on one that is none. */
uint64_t name_mask(const char *const *words, const struct name *, const char *where);

/* "SIGTERM", "term", "15" -> 15; -1: no such signal. */
int signal_number(const char *word);
const char *signal_name(int signal); /* "SIGTERM"; "SIG35" for one without a name */
