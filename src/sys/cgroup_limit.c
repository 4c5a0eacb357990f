/* linux.resources in the words of the kernel's files, for both versions.  Runs in HOST.
 * What one number in one file can say is a row; what version 2 says otherwise is a function below the rows. */
#include "sys/cgroup.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define JSON "linux.resources."
#define SWAP "memory.memsw.limit_in_bytes"

enum form { U64, I64, WORDS }; /* I64: -1 is "no limit" */

/* A file: NULL where that version has nothing like it, "" where a function below says it. */
struct row {
	const char *json, *controller, *v1, *v2;
	enum form form;
	uint16_t part, at; /* in struct resources, and in what that points to */
	bool zero_counts;  /* where not, engines write 0 for "not set" */
};

/* clang-format off */
#define IN(P, m) offsetof(struct resources, P), offsetof(struct P, m)
#define MEM(m)  IN(memory, m)
#define CPU(m)  IN(cpu, m)
#define PIDS(m) IN(pids, m)
static const struct row rows[] = {
	{ "memory.limit",        "memory", "memory.limit_in_bytes",      "memory.max",    I64,   MEM(limit),            0 },
	{ "memory.swap",         "memory", "",                           "",              I64,   MEM(swap),             0 },
	{ "memory.reservation",  "memory", "memory.soft_limit_in_bytes", "memory.low",    I64,   MEM(reservation),      0 },
	{ "memory.swappiness",   "memory", "memory.swappiness",          "",              U64,   MEM(swappiness),       1 },
	{ "cpu.shares",          "cpu",    "cpu.shares",                 "",              U64,   CPU(shares),           0 },
	{ "cpu.period",          "cpu",    "cpu.cfs_period_us",          "",              U64,   CPU(period),           0 },
	{ "cpu.quota",           "cpu",    "cpu.cfs_quota_us",           "",              I64,   CPU(quota),            0 },
	{ "cpu.burst",           "cpu",    "cpu.cfs_burst_us",           "cpu.max.burst", U64,   CPU(burst),            1 },
	{ "cpu.idle",            "cpu",    "cpu.idle",                   "cpu.idle",      I64,   CPU(idle),             1 },
	{ "cpu.realtimePeriod",  "cpu",    "cpu.rt_period_us",           NULL,            U64,   CPU(realtime_period),  0 },
	{ "cpu.realtimeRuntime", "cpu",    "cpu.rt_runtime_us",          NULL,            I64,   CPU(realtime_runtime), 0 },
	{ "cpu.cpus",            "cpuset", "cpuset.cpus",                "cpuset.cpus",   WORDS, CPU(cpus),             0 },
	{ "cpu.mems",            "cpuset", "cpuset.mems",                "cpuset.mems",   WORDS, CPU(mems),             0 },
	{ "pids.limit",          "pids",   "pids.max",                   "pids.max",      I64,   PIDS(limit),           1 },
	{ 0 }
};
#undef IN
#undef MEM
#undef CPU
#undef PIDS

static const struct throttle {
	const char *json, *v1, *v2;
	uint16_t at;
} throttles[] = {
	{ "blockIO.throttleReadBpsDevice",   "read_bps_device",   "rbps",  offsetof(struct block_io, read_bps) },
	{ "blockIO.throttleWriteBpsDevice",  "write_bps_device",  "wbps",  offsetof(struct block_io, write_bps) },
	{ "blockIO.throttleReadIOPSDevice",  "read_iops_device",  "riops", offsetof(struct block_io, read_iops) },
	{ "blockIO.throttleWriteIOPSDevice", "write_iops_device", "wiops", offsetof(struct block_io, write_iops) },
	{ 0 }
};
/* clang-format on */

/* ---- what is to be written ---- */

struct write {
	const char *json, *controller, *path, *value;
	int error;          /* of the last try; -1: not tried yet, 0: done */
	const char *before; /* what the file said, to be written again; NULL: not known */
};

struct limits {
	const struct cgroup *cg;
	struct write **writes;
	bool again; /* something lives under these limits: all of them change, or none */
};

static _Noreturn void no_counterpart(const struct limits *l, const char *json)
{
	fail(JSON "%s: cgroup v%d, which this machine uses, has nothing like it: leave it out", json,
	     l->cg->unified ? 2 : 1);
}

/* The file in the controller's directory; it need not be there. */
static const char *file_of(const struct limits *l, const char *json, const char *controller, const char *file)
{
	const struct hierarchy *h = cgroup_hierarchy(l->cg, controller);
	if (!l->cg->hierarchies)
		fail(JSON "%s: no cgroups are mounted at /sys/fs/cgroup, so it cannot be applied", json);
	if (!h)
		fail(JSON
		     "%s: the cgroup controller %s is not mounted below /sys/fs/cgroup: mount it, or leave this out",
		     json, controller);
	return fmt("%s/%s", h->dir, file);
}

static bool has(const struct limits *l, const char *json, const char *controller, const char *file)
{
	return exists(AT_FDCWD, file_of(l, json, controller, file));
}

static void put(struct limits *l, const char *json, const char *controller, const char *file, const char *value)
{
	struct write *w = mem(sizeof *w);
	*w = (struct write){ json, controller, file_of(l, json, controller, file), value, -1, NULL };
	l->writes = append(l->writes, w);
}

static _Noreturn void refused(const struct limits *l, const struct write *w)
{
	errno = w->error;
	if (w->error != ENOENT)
		fail_sys(JSON "%s: write \"%s\" to %s", w->json, w->value, w->path);
	if (!exists(AT_FDCWD, dir_name(w->path)))
		fail(JSON "%s: the cgroup %s is gone", w->json, dir_name(w->path));
	fail(JSON "%s: cannot write \"%s\" to %s: %s", w->json, w->value, w->path,
	     l->cg->unified ? cgroup_why_not(l->cg, w->controller) : "this kernel has no such file");
}

/* Only a file of one line says in one write what it said before. */
static const char *one_line(const char *path)
{
	const char *now = try_read_whole(AT_FDCWD, path), *line = now ? trim(now) : NULL;
	if (!line || strchr(line, '\n'))
		return NULL;
	return *line ? line : "\n";
}

/* In whatever order they let themselves be written, as below. */
static void take_back(const struct limits *l)
{
	for (bool moved = true; moved;) {
		moved = false;
		EACH(w, l->writes) {
			if ((*w)->error || !(*w)->before || try_write_file(AT_FDCWD, (*w)->path, (*w)->before) < 0)
				continue;
			(*w)->before = NULL;
			moved = true;
		}
	}
}

/* limit and swap, quota, period and burst, weight and idle: each bounds the other, and which has to go first depends on
 * what holds now.  So whatever is refused is tried again as long as something else has changed. */
static void settle(const struct limits *l)
{
	bool moved = true, all = false;

	while (moved && !all) {
		moved = false;
		all = true;
		EACH(each, l->writes) {
			struct write *w = *each;
			if (!w->error)
				continue;
			if (l->again && w->error < 0)
				w->before = one_line(w->path);
			w->error = try_write_file(AT_FDCWD, w->path, w->value) < 0 ? errno : 0;
			moved |= !w->error;
			all &= !w->error;
		}
	}
	if (l->again && !all)
		take_back(l);
	EACH(w, l->writes)
		if ((*w)->error)
			refused(l, *w);
}

/* ---- the rows ---- */

static const void *value_at(const struct resources *r, const struct row *row)
{
	const char *part;
	const void *value;
	memcpy(&part, (const char *) r + row->part, sizeof part);
	if (!part)
		return NULL;
	memcpy(&value, part + row->at, sizeof value);
	if (!value || row->zero_counts)
		return value;
	if (row->form == WORDS)
		return *(const char *) value ? value : NULL;
	return *(const uint64_t *) value ? value : NULL;
}

/* "max" where the file is of the manner of version 2, as pids.max is in both. */
static const char *number_or_max(const char *json, const char *file, int64_t n)
{
	if (n < -1)
		fail(JSON "%s: %" PRId64 " is neither a limit nor -1 for none", json, n);
	return n < 0 && (ends_with(file, ".max") || ends_with(file, ".low")) ? "max" : fmt("%" PRId64, n);
}

static void put_row(struct limits *l, const struct row *row, const void *value)
{
	const char *file = l->cg->unified ? row->v2 : row->v1, *words = value;

	if (!file)
		no_counterpart(l, row->json);
	if (!*file)
		return;
	if (row->form == U64)
		words = fmt("%" PRIu64, *(const uint64_t *) value);
	if (row->form == I64)
		words = number_or_max(row->json, file, *(const int64_t *) value);
	put(l, row->json, row->controller, file, words);
}

/* ---- memory ---- */

static int64_t set_or_zero(const int64_t *n) { return n ? *n : 0; }

static bool machine_swaps(void)
{
	const char *swaps = try_read_whole(AT_FDCWD, "/proc/swaps"); /* a heading, and a line each */
	const char *first = swaps ? strchr(swaps, '\n') : NULL;
	return first && first[1];
}

/* Without the file the kernel does not count swap.  That matters only where there is some. */
static void put_swap(struct limits *l, const char *json, const char *file, const char *value)
{
	if (has(l, json, "memory", file) || (l->cg->unified && !has(l, json, "memory", "memory.max")))
		put(l, json, "memory", file, value);
	else if (machine_swaps())
		warn(JSON "%s: this kernel does not count swap (no %s; boot with swapaccount=1): it is not limited",
		     json, file);
}

static void swap_v1(struct limits *l, const struct memory *m)
{
	int64_t limit = set_or_zero(m->limit), swap = set_or_zero(m->swap);
	if (swap)
		put_swap(l, "memory.swap", SWAP, number_or_max("memory.swap", SWAP, swap));
	else if (limit == -1 && has(l, "memory.limit", "memory", SWAP)) /* it cannot stay below what it counts in */
		put(l, "memory.limit", "memory", SWAP, "-1");
}

/* An update may give the one without the other. */
static int64_t limit_now(const struct limits *l)
{
	const char *now = try_read_whole(AT_FDCWD, file_of(l, "memory.swap", "memory", "memory.max"));
	int64_t n;
	return now && number(trim(now), 1, INT64_MAX, &n) ? n : -1;
}

/* swap counts memory too, memory.swap.max only what is swapped out. */
static void swap_v2(struct limits *l, const struct memory *m)
{
	int64_t limit = set_or_zero(m->limit), swap = set_or_zero(m->swap);

	if (swap > 0) {
		limit = limit ? limit : limit_now(l);
		if (limit < 0)
			fail(JSON "memory.swap: %" PRId64 " counts memory too, and memory.limit is not set: set both",
			     swap);
		put_swap(l, "memory.swap", "memory.swap.max", fmt("%" PRId64, swap - limit));
	} else if (swap < 0 || limit == -1) {
		put_swap(l, "memory.swap", "memory.swap.max", "max");
	} else if (m->swappiness && !*m->swappiness) {
		/* "Never swap this group's pages out for its own limit" is the one swappiness that version 2 can say.
		 */
		put_swap(l, "memory.swappiness", "memory.swap.max", "0");
	}
	if (m->swappiness && *m->swappiness)
		no_counterpart(l, "memory.swappiness");
}

/* The kernel of version 1 refuses by itself; that of version 2 would kill until it fits. */
static void check_usage(const struct limits *l, int64_t limit)
{
	const char *now = try_read_whole(AT_FDCWD, file_of(l, "memory.checkBeforeUpdate", "memory", "memory.current"));
	int64_t used;
	if (now && number(trim(now), 0, INT64_MAX, &used) && limit > 0 && limit < used)
		fail(JSON "memory.limit: %" PRId64 " is below the %" PRId64 " bytes in use (checkBeforeUpdate)", limit,
		     used);
}

static void put_memory(struct limits *l, const struct memory *m)
{
	int64_t limit = set_or_zero(m->limit), swap = set_or_zero(m->swap);

	if (limit > 0 && swap > 0 && swap < limit)
		fail(JSON "memory.swap: %" PRId64 " counts memory too, and so cannot be below memory.limit, %" PRId64,
		     swap, limit);
	if (set_or_zero(m->kernel) > 0)
		warn(JSON "memory.kernel: no kernel since 5.16 limits that apart: it has no effect");
	if (set_or_zero(m->kernel_tcp) > 0)
		warn(JSON "memory.kernelTCP: it has no effect");
	if (m->disable_oom_killer && l->cg->unified)
		no_counterpart(l, "memory.disableOOMKiller");
	if (m->disable_oom_killer)
		put(l, "memory.disableOOMKiller", "memory", "memory.oom_control", "1");
	if (m->use_hierarchy && !l->cg->unified)
		put(l, "memory.useHierarchy", "memory", "memory.use_hierarchy", "1");
	if (m->check_before_update && l->cg->unified)
		check_usage(l, limit);
	if (l->cg->unified)
		swap_v2(l, m);
	else
		swap_v1(l, m);
}

/* ---- cpu ---- */

static double log_two(double n) /* of 1 or more; bit by bit */
{
	double x = 0, bit = 1;
	while (n >= 2) {
		n /= 2;
		x++;
	}
	for (int i = 0; i < 50; i++) {
		bit /= 2;
		n *= n;
		if (n >= 2) {
			n /= 2;
			x += bit;
		}
	}
	return x;
}

static double power_of_ten(double y) /* 0 to 4; Taylor's series of e^(y ln 10) */
{
	double term = 1, sum = 1;
	for (int n = 1; n < 64; n++)
		sum += term *= y * 2.302585092994046 / n;
	return sum;
}

/* So that 1024 shares, the default, are a weight of 100, the default, and the ends meet too: OCI's cgroups library
 * 0.0.7. Rounded up; the 1e-9 is for 1024, which is 100 exactly.  Without libm, which would be linked for this line
 * alone. */
static unsigned weight_of(uint64_t shares)
{
	if (shares <= 2)
		return 1;
	if (shares >= 262144)
		return 10000;
	double x = log_two((double) shares);
	return 1 + (unsigned) (power_of_ten((x * x + 125 * x) / 612.0 - 7.0 / 34.0) - 1e-9);
}

static void put_cpu_v2(struct limits *l, const struct cpu *c)
{
	int64_t quota = set_or_zero(c->quota);
	uint64_t period = c->period ? *c->period : 0;

	if (c->shares && *c->shares)
		put(l, "cpu.shares", "cpu", "cpu.weight", fmt("%u", weight_of(*c->shares)));
	if (!quota && !period)
		return;
	const char *json = quota ? "cpu.quota" : "cpu.period", *words = number_or_max(json, "cpu.max", quota);
	if (!quota) { /* a period alone: "max 100000" on a new one, another after an update */
		const char *now = try_read_whole(AT_FDCWD, file_of(l, json, "cpu", "cpu.max"));
		words = now && *now ? *split(now, ' ') : "max";
	}
	put(l, json, "cpu", "cpu.max", period ? fmt("%s %" PRIu64, words, period) : words);
}

static void check_cpu(const struct cpu *c)
{
	uint64_t burst = c->burst ? *c->burst : 0;
	if (c->quota && *c->quota > 0 && burst > (uint64_t) *c->quota)
		fail(JSON "cpu.burst: %" PRIu64 " is above cpu.quota, %" PRId64, burst, *c->quota);
}

/* ---- block devices ---- */

static const char *io_weight_file(const struct limits *l, const char *json, const char *suffix)
{
	const char *prefix = l->cg->unified ? "io" : "blkio", *bfq = fmt("%s.bfq.weight%s", prefix, suffix);
	return has(l, json, prefix, bfq) ? bfq : fmt("%s.weight%s", prefix, suffix);
}

/* blkio's 10 to 1000 is io.weight's 1 to 10000; BFQ has 1 to 1000 in both. */
static unsigned io_weight(const char *file, unsigned weight)
{
	return same(file, "io.weight") && weight >= 10 ? 1 + (weight - 10) * 9999 / 990 : weight;
}

static void put_weight_device(struct limits *l, const struct weight_device *d)
{
	const char *json = "blockIO.weightDevice", *controller = l->cg->unified ? "io" : "blkio";

	if (d->leaf_weight && *d->leaf_weight) {
		if (l->cg->unified)
			no_counterpart(l, json);
		put(l, json, controller, "blkio.leaf_weight_device",
		    fmt("%" PRId64 ":%" PRId64 " %u", d->major, d->minor, *d->leaf_weight));
	}
	if (!d->weight || !*d->weight)
		return;
	const char *file = io_weight_file(l, json, l->cg->unified ? "" : "_device");
	put(l, json, controller, file,
	    fmt("%" PRId64 ":%" PRId64 " %u", d->major, d->minor, io_weight(file, *d->weight)));
}

static void put_throttle(struct limits *l, const struct throttle *t, const struct throttle_device *d)
{
	const char *device = fmt("%" PRId64 ":%" PRId64, d->major, d->minor), *rate = fmt("%" PRIu64, d->rate);
	if (l->cg->unified) /* no rate is no limit, as version 1 has it */
		put(l, t->json, "io", "io.max", fmt("%s %s=%s", device, t->v2, d->rate ? rate : "max"));
	else
		put(l, t->json, "blkio", fmt("blkio.throttle.%s", t->v1), fmt("%s %s", device, rate));
}

static void put_throttles(struct limits *l, const struct throttle *t, const struct block_io *io)
{
	struct throttle_device **list;
	memcpy(&list, (const char *) io + t->at, sizeof list);
	EACH(d, list)
		put_throttle(l, t, *d);
}

static void put_block_io(struct limits *l, const struct block_io *io)
{
	if (io->weight && *io->weight) {
		const char *file = io_weight_file(l, "blockIO.weight", "");
		put(l, "blockIO.weight", l->cg->unified ? "io" : "blkio", file,
		    fmt("%u", io_weight(file, *io->weight)));
	}
	if (io->leaf_weight && *io->leaf_weight) {
		if (l->cg->unified)
			no_counterpart(l, "blockIO.leafWeight");
		put(l, "blockIO.leafWeight", "blkio", "blkio.leaf_weight", fmt("%u", *io->leaf_weight));
	}
	EACH(d, io->weight_devices)
		put_weight_device(l, *d);
	for (const struct throttle *t = throttles; t->json; t++)
		put_throttles(l, t, io);
}

/* ---- the rest ---- */

/* Limiting what is reserved, where the kernel can, is an error in mmap; limiting what is used is a SIGBUS later. */
static void put_hugepages(struct limits *l, const struct hugepage_limit *p)
{
	const char *json = "hugepageLimits", *word = l->cg->unified ? "max" : "limit_in_bytes";
	if (!p->page_size || strchr(p->page_size, '/'))
		fail(JSON "hugepageLimits: page size \"%s\" is none; 2MB is one", p->page_size ? p->page_size : "");
	const char *reserved = fmt("hugetlb.%s.rsvd.%s", p->page_size, word);
	const char *used = fmt("hugetlb.%s.%s", p->page_size, word);
	put(l, json, "hugetlb", has(l, json, "hugetlb", reserved) ? reserved : used, fmt("%" PRIu64, p->limit));
}

static void put_network(struct limits *l, const struct network_class *n)
{
	if (l->cg->unified && n->class_id)
		no_counterpart(l, "network.classID");
	if (l->cg->unified && n->priorities && *n->priorities)
		no_counterpart(l, "network.priorities");
	if (n->class_id)
		put(l, "network.classID", "net_cls", "net_cls.classid", fmt("%" PRIu32, *n->class_id));
	EACH(p, n->priorities)
		put(l, "network.priorities", "net_prio", "net_prio.ifpriomap",
		    fmt("%s %" PRIu32, (*p)->name, (*p)->priority));
}

static void put_rdma(struct limits *l, const struct rdma_limit *r)
{
	struct text t = { 0 };
	text_put(&t, r->key);
	if (r->handles)
		text_printf(&t, " hca_handle=%" PRIu32, *r->handles);
	if (r->objects)
		text_printf(&t, " hca_object=%" PRIu32, *r->objects);
	put(l, fmt("rdma.%s", r->key), "rdma", "rdma.max", t.at);
}

/* Written as it stands.  A file that takes a line for each device takes one line a write. */
static void put_unified(struct limits *l, const struct pair *p)
{
	const char *json = fmt("unified.%s", p->key);
	if (!l->cg->unified)
		fail(JSON "%s: names a file of cgroup v2, and this machine uses cgroup v1", json);
	if (!*p->key || strchr(p->key, '/') || same(p->key, ".") || strstr(p->key, ".."))
		fail(JSON "%s: must be the name of a file in the cgroup's directory, such as memory.high", json);
	const char *controller = text_n(p->key, strcspn(p->key, "."));
	EACH(line, split(p->value, '\n'))
		if (**line)
			put(l, json, controller, p->key, *line);
	if (!*p->value)
		put(l, json, controller, p->key, "");
}

static void limit(const struct cgroup *cg, const struct resources *r, bool again)
{
	struct limits l = { .cg = cg, .again = again };

	if (r->cpu)
		check_cpu(r->cpu);
	if (r->cpu && cg->unified) /* before the rows: an idle group takes no weight */
		put_cpu_v2(&l, r->cpu);
	for (const struct row *row = rows; row->json; row++) {
		const void *value = value_at(r, row);
		if (value)
			put_row(&l, row, value);
	}
	if (r->memory)
		put_memory(&l, r->memory);
	if (r->block_io)
		put_block_io(&l, r->block_io);
	if (r->network)
		put_network(&l, r->network);
	EACH(p, r->hugepages)
		put_hugepages(&l, *p);
	EACH(d, r->rdma)
		put_rdma(&l, *d);
	EACH(p, r->unified)
		put_unified(&l, *p);
	settle(&l);
}

void cgroup_limit(const struct cgroup *cg, const struct resources *r) { limit(cg, r, false); }

void cgroup_limit_again(const struct cgroup *cg, const struct resources *r) { limit(cg, r, true); }
