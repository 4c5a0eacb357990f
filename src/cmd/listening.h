/* Sockets that systemd has opened for us, handed on to the program as systemd would: sd_listen_fds(3). */
#pragma once
#include "oci/config.h"

/* How many there are: from descriptor 3 on.  0 when LISTEN_PID names another process, as runc has it. */
int listening_fds(void);

/* The process with LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES as it needs them.  n: from listening_fds. */
struct process *listening_process(const struct process *, int n);
