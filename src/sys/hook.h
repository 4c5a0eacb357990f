/* Hooks: programs of the host that are run at fixed points of a container's life (runtime-spec, "POSIX-platform
 * Hooks"). Those of the runtime's namespaces run from HOST, createContainer's from INIT before it enters its root;
 * startContainer's are not ours: bivy-init runs them inside the container. */
#pragma once
#include "oci/config.h"

/* Runs them one after the other, each with `state` (the OCI state, one line) on its standard input, exactly its args
 * and env (none: an empty environment), descriptors 0-2, default signals, in a process group of its own, which a
 * timeout ends. kind: its name in config.json, for errors.  The first that fails ends the command; with
 * failure_is_warning (poststop) it is warned of, and the others run all the same.  interrupted: the number
 * of a signal that asks us to stop, 0: none came; a hook that runs by then is killed, and has failed.  NULL: never. */
void hooks_run(const char *kind, struct hook *const *, const char *state, bool failure_is_warning,
	       int (*interrupted)(void));
