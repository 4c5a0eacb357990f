/* AppArmor profiles and SELinux labels: /proc/PID/attr/exec says what the process's next program runs as, and only the
 * process itself may write it, in the address space that it opened it in.  So bivy-init does, right before the program
 * (sys/plan.h); what is here runs before it, and refuses what could not be done then. */
#pragma once
#include "oci/config.h"

/* A file of /proc/PID/attr, and what to write there. */
struct attribute {
	const char *file, *value;
};

/* HOST: fails when a profile or a label is asked for, and the kernel does not do it.  NULL or "": none. */
void lsm_check(const struct process *, const char *mount_label);

/* INIT: its own directory /proc/PID/attr, O_PATH.  proc: a procfs of ours; -1: /proc, if it is one that can be trusted.
 */
int lsm_open(int proc);

/* INIT: what bivy-init has to write, after the kernel has been asked whether it will take it.  A list. */
struct attribute **lsm_attributes(int attr, const struct process *);

/* Whether a mount of this type takes SELinux's option context=: proc and sysfs, the cgroups and mqueue label by
 * themselves. */
bool lsm_takes_label(const char *type);
