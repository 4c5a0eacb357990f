/* What a container has on the host, noted before it is made, so that `delete --force` clears up after a SIGKILL at any
 * point. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

struct journal {
	const char *bundle; /* whose container it is going to be, until state.json says it */
	const char *cgroup; /* the path below the hierarchies; NULL: none was begun */
	const char **made;  /* directories of cgroups, parents first: what was not there before */
	const char **rdt;   /* directories of resctrl; the outer before the inner */
	pid_t init;         /* 0: none was begun */
	uint64_t started;
};

void journal_bundle(int dir, const char *path);
void journal_cgroup(int dir, const char *path, const char *const *made);
void journal_rdt(int dir, const char *path);
void journal_init(int dir, pid_t, uint64_t started);
struct journal journal_read(int dir);
