#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/life.h"
#include "cli/globals.h"
#include "cmd/commands.h"
#include "oci/validate.h"

#include <fcntl.h>
#include <string.h>
#include <strings.h>

struct update {
	const char *resources, *blkio_weight;
	const char *cpu_period, *cpu_quota, *cpu_burst, *cpu_shares, *rt_period, *rt_runtime, *cpu_idle, *cpus, *mems;
	const char *memory, *reservation, *swap, *kernel, *kernel_tcp, *pids;
	const char *l3_schema, *memory_schema;
};

/* NULL: the option was not given. */
static int64_t *number_of(const char *option, const char *value, int64_t least, int64_t most)
{
	int64_t *n = mem(sizeof *n);
	if (!value)
		return NULL;
	if (!number(value, least, most, n))
		fail_as(MISUSE, "update: --%s: \"%s\" is not a whole number from %lld to %lld", option, value,
			(long long) least, (long long) most);
	return n;
}

static int64_t *limit_of(const char *option, const char *value) { return number_of(option, value, -1, INT64_MAX); }

static uint64_t *count_of(const char *option, const char *value)
{
	return (uint64_t *) number_of(option, value, 0, INT64_MAX);
}

/* Bytes: 67108864, 64M, 64m, 64MB, 64MiB, 1G; as docker's and runc's, which count in powers of 1024. */
static int64_t *bytes_of(const char *option, const char *value)
{
	static const char units[] = "kmgtp";
	int64_t *n = mem(sizeof *n);
	if (!value || same(value, "-1"))
		return limit_of(option, value);
	size_t digits = strspn(value, "0123456789");
	char unit = (char) (value[digits] | ' ');
	const char *rest = value + digits, *found = *rest ? strchr(units, unit) : NULL;
	int shift = found ? 10 * (int) (found - units + 1) : 0;

	if (found)
		rest += rest[1] && !strcasecmp(rest + 1, "ib") ? 3 : 1;
	if (!strcasecmp(rest, "b"))
		rest++;
	if (*rest || !number(text_n(value, digits), 0, INT64_MAX >> shift, n))
		fail_as(MISUSE, "update: --%s: \"%s\" is not a number of bytes, such as 64M, or -1 for no limit",
			option, value);
	*n <<= shift;
	return n;
}

static struct block_io *block_io_of(const struct update *o)
{
	if (!o->blkio_weight)
		return NULL;
	struct block_io *io = mem(sizeof *io);
	io->weight = mem(sizeof *io->weight);
	*io->weight = (uint16_t) *number_of("blkio-weight", o->blkio_weight, 0, 1000);
	return io;
}

static struct resources *resources_of(const struct update *o)
{
	struct resources *r = mem(sizeof *r);
	struct memory *m = r->memory = mem(sizeof *m);
	struct cpu *c = r->cpu = mem(sizeof *c);

	m->limit = bytes_of("memory", o->memory);
	m->reservation = bytes_of("memory-reservation", o->reservation);
	m->swap = bytes_of("memory-swap", o->swap);
	c->shares = count_of("cpu-share", o->cpu_shares);
	c->period = count_of("cpu-period", o->cpu_period);
	c->quota = limit_of("cpu-quota", o->cpu_quota);
	c->burst = count_of("cpu-burst", o->cpu_burst);
	c->realtime_period = count_of("cpu-rt-period", o->rt_period);
	c->realtime_runtime = limit_of("cpu-rt-runtime", o->rt_runtime);
	c->idle = number_of("cpu-idle", o->cpu_idle, 0, 1);
	c->cpus = o->cpus;
	c->mems = o->mems;
	r->pids = mem(sizeof *r->pids);
	r->pids->limit = limit_of("pids-limit", o->pids);
	r->block_io = block_io_of(o);
	return r;
}

static struct resources *resources_in(const char *file)
{
	bool input = same(file, "-");
	const char *name = input ? "standard input" : file;

	json_on_unknown(config_hear_unknown);
	struct resources *r = json_read(name, read_whole(AT_FDCWD, input ? "/dev/stdin" : file), &resources_type);
	json_on_unknown(NULL);
	return r;
}

static int run(const void *options, char **arguments)
{
	const struct update *o = options;

	struct container *c = container_open(globals()->root, *arguments);
	container_update(c, o->resources ? resources_in(o->resources) : resources_of(o));
	if (!o->resources && (o->l3_schema || o->memory_schema))
		container_update_caches(c, o->l3_schema, o->memory_schema);
	return 0;
}

/* clang-format off */
static const struct option_row options[] = {
	{ "resources",        'r', VALUE(update, resources, "FILE"),      "Take them from FILE, or - for standard input, in the form of config.json's `linux.resources`; other options then have no effect" },
	{ "memory",             0, VALUE(update, memory, "BYTES"),        "The limit of memory, as 64M; -1 is none" },
	{ "memory-reservation", 0, VALUE(update, reservation, "BYTES"),   "What is left to it when memory is short" },
	{ "memory-swap",        0, VALUE(update, swap, "BYTES"),          "The limit of memory and swap together; -1 is none" },
	{ "pids-limit",         0, VALUE(update, pids, "N"),              "The limit of processes; -1 is none" },
	{ "cpu-share",          0, VALUE(update, cpu_shares, "N"),        "Its share of the processors against others, 1024 being usual" },
	{ "cpu-quota",          0, VALUE(update, cpu_quota, "MICROSECONDS"),   "The processor time it has in each period; -1 is no limit" },
	{ "cpu-period",         0, VALUE(update, cpu_period, "MICROSECONDS"),  "The length of a period" },
	{ "cpu-burst",          0, VALUE(update, cpu_burst, "MICROSECONDS"),   "What of unused time it may have later" },
	{ "cpu-rt-period",      0, VALUE(update, rt_period, "MICROSECONDS"),   "The length of a period for realtime processes" },
	{ "cpu-rt-runtime",     0, VALUE(update, rt_runtime, "MICROSECONDS"),  "The time that those have in each period" },
	{ "cpu-idle",           0, VALUE(update, cpu_idle, "0|1"),        "1: it has only the time that nobody else wants" },
	{ "cpuset-cpus",        0, VALUE(update, cpus, "LIST"),           "The processors it may use, as 0-2,7" },
	{ "cpuset-mems",        0, VALUE(update, mems, "LIST"),           "The memory nodes it may use" },
	{ "blkio-weight",       0, VALUE(update, blkio_weight, "N"),      "Its share of block devices against others, 10 to 1000" },
	{ "l3-cache-schema",    0, VALUE(update, l3_schema, "SCHEMA"),    "The share of the L3 cache, as resctrl has it: L3:0=f;1=f0" },
	{ "mem-bw-schema",      0, VALUE(update, memory_schema, "SCHEMA"), "The share of memory bandwidth, as resctrl has it: MB:0=50" },
	{ "kernel-memory",      0, VALUE(update, kernel, "BYTES"),        NULL },
	{ "kernel-memory-tcp",  0, VALUE(update, kernel_tcp, "BYTES"),    NULL },
	{ 0 },
};
/* clang-format on */

const struct command command_update = {
	.name = "update",
	.arguments = "ID",
	.summary = "Change the limits of a container",
	.group = "Containers",
	.size = sizeof(struct update),
	.options = options,
	.run = run,
	.least = 1,
	.most = 1,
	.options_anywhere = true,
};
