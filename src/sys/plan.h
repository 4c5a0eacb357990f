/* What bivy-init has to do, as bytes that the last INIT row writes and bivy-init maps (libexec/init).  bivy-init has no
 * libc, so nothing here needs one: fixed-width numbers, and offsets from the start of the plan in place of pointers
 * (0: none).  A list is an array of uint64_t offsets that ends with 0, at a multiple of 8: bivy-init turns them into
 * pointers where they stand, in its private copy.  A string ends with NUL.
 *
 * It runs inside the container, as the box's first process, with only PLAN_FD, START_FD, PEER_FD, attr_fd (and the
 * asked-for descriptors from 3 on) open beside 0, 1, 2; those four stand above the asked-for ones.  Its argument is the
 * number of PLAN_FD in decimal.
 *
 * The order in which it acts, and why:
 *
 *   1. START_FD is there: accept one connection on it, answer the byte '+' and close START_FD, so that a second `start`
 *      is told it came late: its connection is refused, or closed without a '+'.
 *   2. startContainer hooks, one after the other, with the state on stdin (runtime-spec, "Lifecycle" step 7).
 *   3. AppArmor's profile and SELinux's label of the next exec: not before the hooks, whose execs come sooner.
 *   4. bounding set dropped, cwd tried, groups, gid, uid (SECBIT_KEEP_CAPS), cwd again if root was refused, umask,
 *      no_new_privs, capability sets, ambient set, filter.  The filter comes as late as it can: with no_new_privs only
 *      the exec follows; without, CAP_SYS_ADMIN is kept in the effective set until it is loaded and one capset follows,
 *      so a filter need allow no more than those.
 *   5. descriptors from 3 + keep_fds on are closed at exec; the program replaces bivy-init, argv[0] and all.
 *
 * With `reaper` it forks between umask and no_new_privs: what follows is the child's, which is the leader of a session
 * of its own, and process 1 stays to reap, to pass signals on, and to end as the program ends (libexec/init/reaper.c).
 *
 * A failure of any of these is told on the connection as '!', the exit code of its kind as one byte, and the text; the
 * first such message counts.  Without START_FD (exec) the same goes to PEER_FD; what cannot be told is lost, and the
 * exit status is that code.  A connection that ends without a '!' is the program's good exec, or bivy-init's death: the
 * process says which; before HOOKS_DONE, where there are startContainer hooks, it can only be the latter.  START_FD and
 * PEER_FD carry messages (SOCK_SEQPACKET): one write, one read.  An exec that the kernel refused has behind its text a
 * NUL, the error as one byte, and the path with a NUL; bivy-init then stays until the connection is closed, so that who
 * hears it can look into its root.
 *
 * A filter that notifies: before it is loaded, LISTENER_ASKED and the address of a struct plan_handover (eight bytes)
 * go the same way, and are answered with a byte by who has reached the listener's socket; see sys/listener.h. */
#pragma once
#include <stdint.h>

/* What bivy-init says on the connection when all goes well; one byte, but for LISTENER_ASKED. */
enum { TAKEN_ON = '+', HOOKS_DONE = 'h', LISTENER_ASKED = '?' };

#define PLAN_MAGIC 0x32595642U /* "BVY2" */

struct plan_hook {
	uint32_t path, args, env; /* offsets: string, list, list; no args: the path alone */
	int32_t timeout;          /* seconds; 0: none */
};

struct plan_attribute {
	uint32_t file, value; /* strings: a file of /proc/PID/attr, and what to write there */
};

/* In bivy-init's memory, where who waits for it reads and writes. */
struct plan_handover {
	int32_t listener; /* the descriptor's number, when the filter is loaded; -1 until then */
	uint32_t go;      /* 1: it has been taken, go on */
};

struct plan {
	uint32_t magic, size;
	int32_t start_fd;                     /* listening unix socket, SOCK_SEQPACKET; -1: go at once */
	int32_t peer_fd;                      /* -1, or where an exec's failure is told; closed by a good exec */
	int32_t keep_fds;                     /* descriptors 3 .. 3 + keep_fds - 1 stay open for the program */
	int32_t attr_fd;                      /* -1, or its own /proc/PID/attr, O_PATH */
	uint32_t attributes, attribute_count; /* array of struct plan_attribute */
	uint32_t hooks, hook_count;           /* array of struct plan_hook */
	uint32_t hook_state;                  /* string: the OCI state for the hooks' stdin */
	uint32_t uid, gid;
	uint32_t groups, group_count; /* array of uint32_t gids */
	uint32_t set_groups;          /* 0: leave them (a user namespace that denies setgroups) */
	uint32_t umask_set, umask;
	uint32_t no_new_privileges;
	uint32_t caps_set; /* 0: leave all five sets as the user change leaves them */
	uint32_t last_cap; /* the kernel's highest capability number */
	uint64_t bounding, effective, inheritable, permitted, ambient;
	uint32_t filter, filter_length; /* array of struct sock_filter, in instructions; 0: none */
	uint32_t filter_flags;          /* SECCOMP_FILTER_FLAG_*; with NEW_LISTENER there is a handover */
	uint32_t cwd;                   /* string; "" or 0: stay */
	uint32_t program;               /* string: the absolute path found at create */
	uint32_t args, env;             /* lists */
	uint32_t reaper;                /* 1: stay as process 1, and let a child become the program */
};
