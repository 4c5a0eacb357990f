/* All commands, one file each; main.c has the table in the order that help shows. */
#pragma once
#include "cli/options.h"

extern const struct command command_create, command_start, command_state, command_kill, command_delete;
extern const struct command command_run, command_exec, command_list, command_spec, command_wait, command_stop,
	command_logs;
extern const struct command command_ps, command_pause, command_resume, command_update, command_events, command_features;
extern const struct command command_checkpoint, command_restore;
extern const struct command command_bundle, command_up, command_down, command_job, command_check, command_fingerprint;
