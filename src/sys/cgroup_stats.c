#include "sys/cgroup_stats.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "sys/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* A number alone in a file.  v1, v2: NULL where that version has nothing like it. */
struct row {
	const char *controller, *v1, *v2;
	uint16_t part, at; /* in struct stats, and in what that points to */
};

/* clang-format off */
#define IN(P, m)   offsetof(struct stats, P), offsetof(struct P##_stats, m)
static const struct row rows[] = {
	{ "cpuset", "cpuset.cpu_exclusive",            NULL, IN(cpuset, cpu_exclusive) },
	{ "cpuset", "cpuset.mem_exclusive",            NULL, IN(cpuset, mem_exclusive) },
	{ "cpuset", "cpuset.mem_hardwall",             NULL, IN(cpuset, mem_hardwall) },
	{ "cpuset", "cpuset.memory_migrate",           NULL, IN(cpuset, migrate) },
	{ "cpuset", "cpuset.memory_spread_page",       NULL, IN(cpuset, spread_page) },
	{ "cpuset", "cpuset.memory_spread_slab",       NULL, IN(cpuset, spread_slab) },
	{ "cpuset", "cpuset.memory_pressure",          NULL, IN(cpuset, pressure) },
	{ "cpuset", "cpuset.sched_load_balance",       NULL, IN(cpuset, balance) },
	{ "cpuset", "cpuset.sched_relax_domain_level", NULL, IN(cpuset, relax_level) },
	{ "pids",   "pids.current",          "pids.current", IN(pids, current) },
	{ 0 }
};

/* The first file that is there and has lines.  v2 has all in one file: see block_v2. */
static const struct block_row {
	const char *files[3];
	uint16_t at;
} block_rows[] = {
	{ { "blkio.bfq.io_service_bytes_recursive", "blkio.throttle.io_service_bytes_recursive" }, offsetof(struct block_stats, bytes) },
	{ { "blkio.bfq.io_serviced_recursive",      "blkio.throttle.io_serviced_recursive" },      offsetof(struct block_stats, requests) },
	{ { "blkio.io_queued_recursive",            "blkio.bfq.io_queued_recursive" },             offsetof(struct block_stats, queued) },
	{ { "blkio.io_service_time_recursive",      "blkio.bfq.io_service_time_recursive" },       offsetof(struct block_stats, service_time) },
	{ { "blkio.io_wait_time_recursive",         "blkio.bfq.io_wait_time_recursive" },          offsetof(struct block_stats, wait_time) },
	{ { "blkio.io_merged_recursive",            "blkio.bfq.io_merged_recursive" },             offsetof(struct block_stats, merged) },
	{ { "blkio.time_recursive",                 "blkio.bfq.time_recursive" },                  offsetof(struct block_stats, time) },
	{ { "blkio.sectors_recursive",              "blkio.bfq.sectors_recursive" },               offsetof(struct block_stats, sectors) },
};
/* clang-format on */

/* "": there is no such file, or not any more. */
static const char *words_in(const struct cgroup *cg, const char *controller, const char *file)
{
	const struct hierarchy *h = cgroup_hierarchy(cg, controller);
	const char *words = h ? try_read_whole(AT_FDCWD, fmt("%s/%s", h->dir, file)) : NULL;
	return words ? words : "";
}

/* "max" is the largest there is. */
static uint64_t number_in(const struct cgroup *cg, const char *controller, const char *file)
{
	const char *words = words_in(cg, controller, file);
	return starts_with(words, "max") ? UINT64_MAX : strtoull(words, NULL, 10);
}

/* Lines of "name number". */
static struct tally **tallies(const char *words)
{
	struct tally **list = NULL;
	EACH(line, split(words, '\n')) {
		const char *space = strchr(*line, ' ');
		if (!space)
			continue;
		struct tally *t = mem(sizeof *t);
		*t = (struct tally){ text_n(*line, (size_t) (space - *line)), strtoull(space, NULL, 10) };
		list = append(list, t);
	}
	return list;
}

static uint64_t tally_of(struct tally *const *list, const char *key)
{
	EACH(t, list)
		if (same((*t)->key, key))
			return (*t)->value;
	return 0;
}

static void read_rows(const struct cgroup *cg, struct stats *s)
{
	for (const struct row *row = rows; row->controller; row++) {
		const char *file = cg->unified ? row->v2 : row->v1;
		char *part;
		memcpy(&part, (char *) s + row->part, sizeof part);
		if (!file)
			continue;
		uint64_t n = number_in(cg, row->controller, file);
		memcpy(part + row->at, &n, sizeof n);
	}
}

/* ---- processors ---- */

static uint64_t **append_number(uint64_t **list, uint64_t n)
{
	uint64_t *item = mem(sizeof *item);
	*item = n;
	return append(list, item);
}

/* cpuacct.usage_all: a heading, then "CPU USER SYSTEM" for each. */
static void percpu_v1(const struct cgroup *cg, struct cpu_usage *u)
{
	EACH(word, split(trim(words_in(cg, "cpuacct", "cpuacct.usage_percpu")), ' '))
		u->percpu = append_number(u->percpu, strtoull(*word, NULL, 10));
	EACH(line, split(words_in(cg, "cpuacct", "cpuacct.usage_all"), '\n')) {
		uint64_t cpu, user, kernel;
		if (sscanf(*line, "%" SCNu64 " %" SCNu64 " %" SCNu64, &cpu, &user, &kernel) != 3)
			continue;
		u->percpu_user = append_number(u->percpu_user, user);
		u->percpu_kernel = append_number(u->percpu_kernel, kernel);
	}
}

static void cpu_of(const struct cgroup *cg, struct cpu_stats *s)
{
	struct tally **stat = tallies(words_in(cg, "cpu", "cpu.stat"));
	struct cpu_usage *u = s->usage = mem(sizeof *u);
	struct throttling *t = s->throttling = mem(sizeof *t);

	t->periods = tally_of(stat, "nr_periods");
	t->throttled_periods = tally_of(stat, "nr_throttled");
	if (cg->unified) {
		t->throttled_time = tally_of(stat, "throttled_usec") * 1000;
		u->total = tally_of(stat, "usage_usec") * 1000;
		u->user = tally_of(stat, "user_usec") * 1000;
		u->kernel = tally_of(stat, "system_usec") * 1000;
		return;
	}
	const uint64_t tick = 1000000000U / (uint64_t) sysconf(_SC_CLK_TCK);
	struct tally **ticks = tallies(words_in(cg, "cpuacct", "cpuacct.stat"));
	t->throttled_time = tally_of(stat, "throttled_time");
	u->total = number_in(cg, "cpuacct", "cpuacct.usage");
	u->user = tally_of(ticks, "user") * tick;
	u->kernel = tally_of(ticks, "system") * tick;
	percpu_v1(cg, u);
}

/* "0-2,7" */
static uint16_t **members(const char *words)
{
	uint16_t **list = NULL;
	EACH(range, split(trim(words), ',')) {
		char *end;
		unsigned long from = strtoul(*range, &end, 10), to = *end == '-' ? strtoul(end + 1, NULL, 10) : from;
		for (; **range && from <= to && to <= UINT16_MAX; from++) {
			uint16_t *item = mem(sizeof *item);
			*item = (uint16_t) from;
			list = append(list, item);
		}
	}
	return list;
}

static void cpuset_of(const struct cgroup *cg, struct cpuset_stats *s)
{
	s->cpus = members(words_in(cg, "cpuset", cg->unified ? "cpuset.cpus.effective" : "cpuset.cpus"));
	s->mems = members(words_in(cg, "cpuset", cg->unified ? "cpuset.mems.effective" : "cpuset.mems"));
}

/* ---- memory ---- */

static struct memory_use *use_v1(const struct cgroup *cg, const char *what)
{
	struct memory_use *u = mem(sizeof *u);
	*u = (struct memory_use){
		.limit = number_in(cg, "memory", fmt("memory.%slimit_in_bytes", what)),
		.usage = number_in(cg, "memory", fmt("memory.%susage_in_bytes", what)),
		.max = number_in(cg, "memory", fmt("memory.%smax_usage_in_bytes", what)),
		.failures = number_in(cg, "memory", fmt("memory.%sfailcnt", what)),
	};
	return u;
}

static void memory_v1(const struct cgroup *cg, struct memory_stats *m)
{
	m->cache = tally_of(m->raw, "cache");
	m->usage = use_v1(cg, "");
	m->swap = use_v1(cg, "memsw.");
	m->kernel = use_v1(cg, "kmem.");
	m->kernel_tcp = use_v1(cg, "kmem.tcp.");
}

static struct memory_use *use_v2(const struct cgroup *cg, const char *what)
{
	struct memory_use *u = mem(sizeof *u);
	*u = (struct memory_use){
		.limit = number_in(cg, "memory", fmt("memory.%smax", what)),
		.usage = number_in(cg, "memory", fmt("memory.%scurrent", what)),
		.max = number_in(cg, "memory", fmt("memory.%speak", what)),
		.failures = tally_of(tallies(words_in(cg, "memory", fmt("memory.%sevents", what))), "max"),
	};
	return u;
}

static void memory_v2(const struct cgroup *cg, struct memory_stats *m)
{
	m->cache = tally_of(m->raw, "file");
	m->usage = use_v2(cg, "");
	m->swap = use_v2(cg, "swap.");
	m->kernel = mem(sizeof *m->kernel);
	m->kernel->usage = tally_of(m->raw, "kernel");
	m->kernel_tcp = mem(sizeof *m->kernel_tcp);
	m->kernel_tcp->usage = tally_of(m->raw, "sock");
	m->swap->usage += m->usage->usage;
	m->swap->max = 0; /* the two had their peaks at different times */
	if (m->swap->limit != UINT64_MAX && m->usage->limit != UINT64_MAX)
		m->swap->limit += m->usage->limit;
	else
		m->swap->limit = UINT64_MAX;
}

/* ---- block devices ---- */

static struct block_count **add_block(struct block_count **list, const char *device, const char *op, uint64_t value)
{
	const char *colon = strchr(device, ':');
	struct block_count *b = mem(sizeof *b);
	*b = (struct block_count){ strtoull(device, NULL, 10), colon ? strtoull(colon + 1, NULL, 10) : 0, op, value };
	return append(list, b);
}

/* "8:0 Read 4096", or "8:0 4096"; the line "Total 4096" is nobody's. */
static struct block_count **blocks_in(const char *words)
{
	struct block_count **list = NULL;
	EACH(line, split(words, '\n')) {
		const char **part = split(*line, ' ');
		size_t n = count(part);
		if (n < 2 || !strchr(*part, ':'))
			continue;
		list = add_block(list, *part, n > 2 ? part[1] : "", strtoull(part[n - 1], NULL, 10));
	}
	return list;
}

static void blocks_v1(const struct cgroup *cg, struct block_stats *s)
{
	for (size_t i = 0; i < sizeof block_rows / sizeof *block_rows; i++) {
		struct block_count **list = NULL;
		for (const char *const *file = block_rows[i].files; *file && !list; file++)
			list = blocks_in(words_in(cg, "blkio", *file));
		memcpy((char *) s + block_rows[i].at, &list, sizeof list);
	}
}

/* "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0" */
static void blocks_v2(const struct cgroup *cg, struct block_stats *s)
{
	EACH(line, split(words_in(cg, "io", "io.stat"), '\n')) {
		const char **part = split(*line, ' ');
		EACH(word, part) {
			const char *equals = strchr(*word, '=');
			uint64_t n = equals ? strtoull(equals + 1, NULL, 10) : 0;
			const char *op = **word == 'r' ? "Read" : "Write";
			if (starts_with(*word, "rbytes=") || starts_with(*word, "wbytes="))
				s->bytes = add_block(s->bytes, *part, op, n);
			if (starts_with(*word, "rios=") || starts_with(*word, "wios="))
				s->requests = add_block(s->requests, *part, op, n);
		}
	}
}

/* ---- huge pages ---- */

static struct hugetlb_stats *hugetlb_of(const struct cgroup *cg, const char *size)
{
	struct hugetlb_stats *s = mem(sizeof *s);
	s->size = size;
	if (cg->unified) {
		s->usage = number_in(cg, "hugetlb", fmt("hugetlb.%s.current", size));
		s->failures = tally_of(tallies(words_in(cg, "hugetlb", fmt("hugetlb.%s.events", size))), "max");
		return s;
	}
	s->usage = number_in(cg, "hugetlb", fmt("hugetlb.%s.usage_in_bytes", size));
	s->max = number_in(cg, "hugetlb", fmt("hugetlb.%s.max_usage_in_bytes", size));
	s->failures = number_in(cg, "hugetlb", fmt("hugetlb.%s.failcnt", size));
	return s;
}

/* Which sizes there are is told by the files: "hugetlb.2MB.current". */
static struct hugetlb_stats **hugetlb_all(const struct cgroup *cg)
{
	const struct hierarchy *h = cgroup_hierarchy(cg, "hugetlb");
	struct hugetlb_stats **list = NULL;
	DIR *d = h ? opendir(h->dir) : NULL;
	struct dirent *e;

	while (d && (e = readdir(d))) {
		const char **part = split(e->d_name, '.');
		if (count(part) == 3 && same(part[0], "hugetlb") &&
		    same(part[2], cg->unified ? "current" : "usage_in_bytes"))
			list = append(list, hugetlb_of(cg, part[1]));
	}
	if (d)
		closedir(d);
	return list;
}

const struct stats *cgroup_stats(const struct cgroup *cg)
{
	struct stats *s = mem(sizeof *s);

	cpu_of(cg, s->cpu = mem(sizeof *s->cpu));
	cpuset_of(cg, s->cpuset = mem(sizeof *s->cpuset));
	s->memory = mem(sizeof *s->memory);
	s->memory->raw = tallies(words_in(cg, "memory", "memory.stat"));
	s->pids = mem(sizeof *s->pids);
	s->pids->limit = number_in(cg, "pids", "pids.max");
	if (s->pids->limit == UINT64_MAX)
		s->pids->limit = 0;
	s->block = mem(sizeof *s->block);
	if (cg->unified) {
		memory_v2(cg, s->memory);
		blocks_v2(cg, s->block);
	} else {
		memory_v1(cg, s->memory);
		blocks_v1(cg, s->block);
	}
	s->hugetlb = hugetlb_all(cg);
	read_rows(cg, s);
	return s;
}

/* ---- out of memory ---- */

/* v1 is asked to count on an eventfd: "EVENTFD OOM_CONTROL" in cgroup.event_control.  The kernel keeps what it needs of
 * the second. */
static int try_eventfd(const char *dir)
{
	autoclose int control = try_open(AT_FDCWD, fmt("%s/memory.oom_control", dir), O_RDONLY);
	int fd = control < 0 ? -1 : eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd >= 0 && try_write_file(AT_FDCWD, fmt("%s/cgroup.event_control", dir), fmt("%d %d", fd, control)) < 0)
		fd_close(&fd);
	return fd;
}

struct oom_watch oom_watch_begin(const struct cgroup *cg)
{
	const struct hierarchy *h = cgroup_hierarchy(cg, "memory");
	struct oom_watch w = { .cg = cg, .fd = -1 };

	if (!h)
		return w;
	w.events = cg->unified ? POLLPRI : POLLIN;
	w.fd = cg->unified ? try_open(AT_FDCWD, fmt("%s/memory.events", h->dir), O_RDONLY) : try_eventfd(h->dir);
	w.seen = cgroup_oom(cg).oom_kill;
	return w;
}

/* v1 also counts the removal of the cgroup. */
bool oom_watch_came(struct oom_watch *w)
{
	char drop[512];
	uint64_t before = w->seen;

	if (w->fd < 0)
		return false;
	if (!w->cg->unified)
		return read(w->fd, drop, sizeof(uint64_t)) == sizeof(uint64_t) &&
		       exists(AT_FDCWD, cgroup_hierarchy(w->cg, "memory")->dir);
	if (pread(w->fd, drop, sizeof drop, 0) < 0) /* POLLPRI is against what this descriptor has read */
		return false;
	w->seen = cgroup_oom(w->cg).oom_kill;
	return w->seen > before;
}
