/* The listener of a filter that notifies (SCMP_ACT_NOTIFY; seccomp_unotify(2)), from bivy-init to the socket that
 * linux.seccomp.listenerPath names.  Runs on the host, in the command that waits for bivy-init: `start` or `exec`.
 *
 * When bivy-init has loaded the filter, any system call of its own may be one that waits for the listener's answer; so
 * it makes none, and waits on its memory (struct plan_handover in sys/plan.h) while we take the listener out of it with
 * pidfd_getfd(2) and tell it to go on with process_vm_writev(2). */
#pragma once
#include <stdint.h>
#include <sys/types.h>

struct listener {
	const char *path;    /* linux.seccomp.listenerPath */
	const char *message; /* the JSON that goes along */
	pid_t pid;           /* of bivy-init */
	int pidfd;
};

/* conn: where bivy-init has asked, with the address of its struct plan_handover.  When it fails the process is ended;
 * when bivy-init cannot load the filter it returns, and the reason is to be read from conn. */
void listener_fetch(const struct listener *, int conn, uint64_t address);
