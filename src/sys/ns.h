/* Namespaces: entering those that exist, and a process in new ones. */
#pragma once
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

struct time_offset;

struct join {
	int flag;         /* CLONE_NEW* */
	int fd;           /* of the namespace */
	const char *path; /* for errors */
};

/* A namespace file, checked to be of that kind.  NS_GET_NSTYPE of ioctl_ns(2). */
int namespace_open(const char *path, int flag);
void namespace_enter(const struct join *);

/* What a new process is to be.  Every descriptor -1: none. */
struct birth {
	uint64_t flags;     /* CLONE_NEW*, for clone3(2) */
	int cgroup;         /* cgroup v2 directory to be born in: CLONE_INTO_CGROUP */
	struct join *joins; /* entered before it is made, up to one with flag 0; NULL: none.  Then the process is made
			     * by an intermediate one, with CLONE_PARENT: a pid or user namespace can be entered by
			     * children only. */
	int container;      /* or: a pidfd, whose namespaces `joined` are entered likewise */
	int joined;         /* CLONE_NEW* */
	void (*before)(void *); /* run by the intermediate process before it enters anything */
	void *context;
};

/* Like fork(2): 0 in the new process, its pid in the caller.  The new process is always the caller's child. */
pid_t process_spawn(const struct birth *);

/* Of the time namespace that the next child is to be born in; unshares it.  time_namespaces(7) */
void time_offsets_set(struct time_offset *const *);

void hostname_set(const char *hostname, const char *domainname); /* NULL: left alone */
