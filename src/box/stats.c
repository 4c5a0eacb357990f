#include "box/stats.h"

#include "sys/cgroup.h"
#include "sys/cgroup_stats.h"

struct event {
	const char *type, *id;
	const struct stats *data;
};

/* clang-format off */
TYPE(cpu_usage,
	{ "total",         NUM(cpu_usage, total) },
	{ "percpu",        NUMS(cpu_usage, percpu) },
	{ "percpu_kernel", NUMS(cpu_usage, percpu_kernel) },
	{ "percpu_user",   NUMS(cpu_usage, percpu_user) },
	{ "kernel",        NUM(cpu_usage, kernel), NEED },
	{ "user",          NUM(cpu_usage, user), NEED });

TYPE(throttling,
	{ "periods",          NUM(throttling, periods) },
	{ "throttledPeriods", NUM(throttling, throttled_periods) },
	{ "throttledTime",    NUM(throttling, throttled_time) });

TYPE(cpu_stats,
	{ "usage",      OBJ(cpu_stats, usage, cpu_usage) },
	{ "throttling", OBJ(cpu_stats, throttling, throttling) });

TYPE(cpuset_stats,
	{ "cpus",                     NUMS(cpuset_stats, cpus) },
	{ "cpu_exclusive",            NUM(cpuset_stats, cpu_exclusive), NEED },
	{ "mems",                     NUMS(cpuset_stats, mems) },
	{ "mem_hardwall",             NUM(cpuset_stats, mem_hardwall), NEED },
	{ "mem_exclusive",            NUM(cpuset_stats, mem_exclusive), NEED },
	{ "memory_migrate",           NUM(cpuset_stats, migrate), NEED },
	{ "memory_spread_page",       NUM(cpuset_stats, spread_page), NEED },
	{ "memory_spread_slab",       NUM(cpuset_stats, spread_slab), NEED },
	{ "memory_pressure",          NUM(cpuset_stats, pressure), NEED },
	{ "sched_load_balance",       NUM(cpuset_stats, balance), NEED },
	{ "sched_relax_domain_level", NUM(cpuset_stats, relax_level), NEED });

TYPE(memory_use,
	{ "limit",   NUM(memory_use, limit), NEED },
	{ "usage",   NUM(memory_use, usage) },
	{ "max",     NUM(memory_use, max) },
	{ "failcnt", NUM(memory_use, failures), NEED });

TYPE(memory_stats,
	{ "cache",     NUM(memory_stats, cache) },
	{ "usage",     OBJ(memory_stats, usage, memory_use) },
	{ "swap",      OBJ(memory_stats, swap, memory_use) },
	{ "kernel",    OBJ(memory_stats, kernel, memory_use) },
	{ "kernelTCP", OBJ(memory_stats, kernel_tcp, memory_use) },
	{ "raw",       COUNTS(memory_stats, raw) });

TYPE(pids_stats,
	{ "current", NUM(pids_stats, current) },
	{ "limit",   NUM(pids_stats, limit) });

TYPE(block_count,
	{ "major", NUM(block_count, major) },
	{ "minor", NUM(block_count, minor) },
	{ "op",    STR(block_count, op) },
	{ "value", NUM(block_count, value) });

TYPE(block_stats,
	{ "ioServiceBytesRecursive", LIST(block_stats, bytes, block_count) },
	{ "ioServicedRecursive",     LIST(block_stats, requests, block_count) },
	{ "ioQueueRecursive",        LIST(block_stats, queued, block_count) },
	{ "ioServiceTimeRecursive",  LIST(block_stats, service_time, block_count) },
	{ "ioWaitTimeRecursive",     LIST(block_stats, wait_time, block_count) },
	{ "ioMergedRecursive",       LIST(block_stats, merged, block_count) },
	{ "ioTimeRecursive",         LIST(block_stats, time, block_count) },
	{ "sectorsRecursive",        LIST(block_stats, sectors, block_count) });

TYPE(hugetlb_stats,
	{ "usage",   NUM(hugetlb_stats, usage) },
	{ "max",     NUM(hugetlb_stats, max) },
	{ "failcnt", NUM(hugetlb_stats, failures), NEED });

TYPE(stats,
	{ "cpu",     OBJ(stats, cpu, cpu_stats) },
	{ "cpuset",  OBJ(stats, cpuset, cpuset_stats) },
	{ "memory",  OBJ(stats, memory, memory_stats) },
	{ "pids",    OBJ(stats, pids, pids_stats) },
	{ "blkio",   OBJ(stats, block, block_stats) },
	{ "hugetlb", DICT(stats, hugetlb, hugetlb_stats), NEED });

TYPE(event,
	{ "type", STR(event, type), NEED },
	{ "id",   STR(event, id), NEED },
	{ "data", .kind = K_OBJ, .at = offsetof(struct event, data), .of = &stats_type });
/* clang-format on */

const char *stats_line(const struct container *c)
{
	const struct event e = { "stats", c->id, cgroup_stats(c->cgroup) };
	return json_text(&e, &event_type, false);
}

const char *oom_line(const struct container *c)
{
	const struct event e = { "oom", c->id, NULL };
	return json_text(&e, &event_type, false);
}
