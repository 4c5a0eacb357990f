/* The captured output of a container: two FIFOs in its state directory, `stdout` and `stderr`, which the program holds
 * open and the shim empties (libexec/shim/capture.h). */
#pragma once
#include "json/field.h"

#include <stdint.h>

#define LOG_FILES_USUAL 10 /* as Nomad has it */
#define LOG_SIZE_USUAL  (10 << 20)
#define LOG_SIZE_LEAST  4096

struct box;

/* state.json, "logs": where its output went. */
struct saved_logs {
	const char *dir, *name, *format;
	int64_t files, size;
};
extern const struct type saved_logs_type;

struct saved_logs *logs_saved(const struct box *); /* NULL: nothing is captured */

/* How many bytes of the newest file are there to stay: of json-file and cri.  progress: a descriptor of logs.progress
 * in the state directory. */
uint64_t logs_recorded(int progress);

/* For a new shim: its argument LOGS, with the descriptors that go with it; "-" and -1: nothing is captured.  A log
 * directory that is gone is no error: the shim says what is lost. */
const char *logs_reopen(const struct saved_logs *, int state_dir, int *dir, int *out, int *err);
