/* Processes: told apart by number *and* start time, signalled by descriptor only. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Field 22 of /proc/PID/stat, in clock ticks since boot; 0: there is no such process, or it is dead (a zombie). */
uint64_t proc_started(pid_t);

/* A pidfd of the process with that number and start time; -1 and ESRCH when it is gone or another one. */
int try_proc_open(pid_t, uint64_t started);
int try_proc_open_dead(pid_t, uint64_t started); /* also when it is a zombie that nobody has reaped yet */
int try_proc_signal(int pidfd, int signal);
bool proc_wait(int pidfd, int timeout_ms); /* -1: for ever.  False: it still lives */

/* A program of bivy's own: NAME in libexec/bivy/ beside this executable or in its prefix.  An open descriptor. */
int helper_open(const char *name);
const char *helper_path(const char *name);
