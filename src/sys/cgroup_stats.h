/* What a cgroup has used, by the kernel's counters, in the units of version 1: nanoseconds and bytes.  Any command may
 * ask; what a machine does not count is 0 or NULL.  cgroups(7), Documentation/admin-guide/cgroup-*. */
#pragma once
#include "json/field.h"

struct cgroup;

struct cpu_usage {
	uint64_t total, kernel, user;
	uint64_t **percpu, **percpu_kernel, **percpu_user; /* v1 alone */
};

struct throttling {
	uint64_t periods, throttled_periods, throttled_time;
};

struct cpu_stats {
	struct cpu_usage *usage;
	struct throttling *throttling;
};

/* The flags are v1's. */
struct cpuset_stats {
	uint16_t **cpus, **mems;
	uint64_t cpu_exclusive, mem_exclusive, mem_hardwall, migrate, spread_page, spread_slab, pressure, balance;
	int64_t relax_level;
};

struct memory_use {
	uint64_t limit, usage, max, failures; /* limit: UINT64_MAX on v2 for none, v1's own largest number there */
};

struct memory_stats {
	uint64_t cache;
	struct memory_use *usage, *swap, *kernel, *kernel_tcp; /* swap counts memory too, as v1 has it */
	struct tally **raw;                                    /* memory.stat */
};

struct pids_stats {
	uint64_t current, limit; /* 0: no limit */
};

struct block_count {
	uint64_t major, minor;
	const char *op; /* "Read", "Write", on v1 more */
	uint64_t value;
};

/* v2 and current schedulers count the first two alone. */
struct block_stats {
	struct block_count **bytes, **requests, **queued, **service_time, **wait_time, **merged, **time, **sectors;
};

struct hugetlb_stats {
	const char *size; /* "2MB" */
	uint64_t usage, max, failures;
};

struct stats {
	struct cpu_stats *cpu;
	struct cpuset_stats *cpuset;
	struct memory_stats *memory;
	struct pids_stats *pids;
	struct block_stats *block;
	struct hugetlb_stats **hugetlb;
};

const struct stats *cgroup_stats(const struct cgroup *);

/* Out of memory: what to poll(2), and whether it was that which woke us.  fd -1: this machine cannot tell. */
struct oom_watch {
	const struct cgroup *cg;
	int fd;
	short events;
	uint64_t seen;
};

struct oom_watch oom_watch_begin(const struct cgroup *);
bool oom_watch_came(struct oom_watch *);
