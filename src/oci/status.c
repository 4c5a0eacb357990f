#include "oci/status.h"

/* clang-format off */
const struct name status_names[] = {
	{ "creating", CREATING }, { "created", CREATED }, { "running", RUNNING }, { "paused", PAUSED }, { "stopped", STOPPED }, { 0 },
};

TYPE(exit_shown,
	{ "code",        NUM(exit_shown, code), NEED },
	{ "signal",      OPT(exit_shown, signal) },
	{ "core",        BOOL(exit_shown, core) },
	{ "unknown",     BOOL(exit_shown, unknown) },
	{ "oom",         BOOL(exit_shown, oom) },
	{ "oomLimit",    STR(exit_shown, oom_limit) },
	{ "memoryPeak",  NUM(exit_shown, memory_peak) },
	{ "user_usec",   NUM(exit_shown, user_usec) },
	{ "system_usec", NUM(exit_shown, system_usec) },
	{ "droppedStdout", NUM(exit_shown, dropped_out) },
	{ "droppedStderr", NUM(exit_shown, dropped_err) },
	{ "started",     STR(exit_shown, started) },
	{ "finished",    STR(exit_shown, finished) });

const struct type oci_state_type = { sizeof(struct oci_state), FIELDS(
	{ "ociVersion",  STR(oci_state, version), NEED },
	{ "id",          STR(oci_state, id), NEED },
	{ "status",      NAME(oci_state, status, status_names), NEED },
	{ "pid",         NUM(oci_state, pid), NEED },
	{ "bundle",      STR(oci_state, bundle), NEED },
	{ "rootfs",      STR(oci_state, rootfs) },
	{ "created",     STR(oci_state, created) },
	{ "owner",       STR(oci_state, owner) },
	{ "exit",        OBJ(oci_state, exit, exit_shown) },
	{ "annotations", MAP(oci_state, annotations) }) };

const struct type process_state_type = { sizeof(struct process_state), FIELDS(
	{ "ociVersion",  STR(process_state, version), NEED },
	{ "fds",         STRS(process_state, fds), NEED },
	{ "pid",         NUM(process_state, pid), NEED },
	{ "metadata",    STR(process_state, metadata) },
	{ "state",       OBJ(process_state, state, oci_state), NEED }) };
/* clang-format on */
