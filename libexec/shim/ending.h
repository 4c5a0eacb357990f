/* How INIT ended, and its form on disk: exit.json (spec of its keys: src/box/record.c, which reads it). */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct ending {
	int code, signal;
	bool core, unknown;
	uint64_t oom_kills, user_usec, system_usec, max_rss_kib;
	struct timespec finished;
	char text[512];
	size_t length;
};

/* False: it has not ended, or (not our child, adopted) its code cannot be had yet.  INIT is not reaped by asking. */
bool try_ending_learn(struct ending *, int pidfd);
void ending_describe(struct ending *, char *const *cgroups); /* fills `text`; reads the OOM counters of the cgroup */
int try_ending_store(const struct ending *, int dir);        /* by write, fsync, rename */
