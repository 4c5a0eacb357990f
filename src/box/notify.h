/* A filter's listener for whoever linux.seccomp.listenerPath names (runtime-spec, "The Seccomp Notify Socket").  Runs
 * in HOST: in `start` for the container's own process, in `exec` for one that is put into it. */
#pragma once
#include "oci/config.h"
#include "oci/status.h"

struct notified {
	const struct config *config;
	struct oci_state state; /* of the container */
	pid_t pid;              /* of the process with the filter */
	int pidfd;
};

/* Answers what bivy-init says on conn when it is LISTENER_ASKED (sys/plan.h); anything else is left alone. */
void notify_answer(const struct notified *, int conn, const char *said, long length);
