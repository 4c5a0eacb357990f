/* Why a program could not be executed, found out when the kernel has refused: by the files of its root, while bivy-init
 * still stands in it (sys/plan.h).  Runs in HOST, and costs nothing when all goes well. */
#pragma once
#include "oci/config.h"

#include <sys/types.h>

/* said: a message that begins with '!'.  The text for fail_relay.  pid: who said it, or process 1 of the same root. */
const char *postmortem(const struct config *, const struct process *, pid_t pid, const char *said, long length);
