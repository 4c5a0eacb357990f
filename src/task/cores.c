#include "task/cores.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/bitlist.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

static bool has(const struct bits *b, int n) { return b->at[n / BITS_LONG] >> (n % BITS_LONG) & 1; }
static void put(struct bits *b, int n) { b->at[n / BITS_LONG] |= 1UL << (n % BITS_LONG); }
static void drop(struct bits *b, int n) { b->at[n / BITS_LONG] &= ~(1UL << (n % BITS_LONG)); }

struct bits *cores_free(const struct agent *a)
{
	struct bits *free = mem(sizeof *free), *named = mem(sizeof *named);

	if (sched_getaffinity(0, sizeof *free, (cpu_set_t *) free) < 0)
		fail_sys("sched_getaffinity");
	if (!a->reservable_cores)
		return free;
	if (!bits_read(a->reservable_cores, named))
		fail("reservable_cores: \"%s\" is no list such as 0-3,6", a->reservable_cores);
	for (size_t i = 0; i < sizeof free->at / sizeof *free->at; i++)
		free->at[i] &= named->at[i];
	return free;
}

/* The speed that the kernel knows, in the order in which it is most certain; 1000 where it tells none (a virtual
 * machine may hide it), so that a core always counts. */
static int64_t mhz_of(int cpu)
{
	static const char *const files[] = { "base_frequency", "cpuinfo_max_freq", NULL };
	int64_t khz;

	EACH(f, files) {
		const char *said = try_read_whole(AT_FDCWD, fmt("/sys/devices/system/cpu/cpu%d/cpufreq/%s", cpu, *f));
		if (said && number(trim(said), 1000, INT64_MAX, &khz))
			return khz / 1000;
	}
	const char *info = try_read_whole(AT_FDCWD, "/proc/cpuinfo"), *line = info ? strstr(info, "cpu MHz") : NULL;
	const char *colon = line ? strchr(line, ':') : NULL;
	int64_t mhz = colon ? strtoll(colon + 1, NULL, 10) : 0;
	return mhz > 0 ? mhz : 1000;
}

static const char *listed(const struct bits *b)
{
	struct text t = { 0 };
	for (int n = 0; n < BITS_MOST; n++) {
		int first = n;
		if (!has(b, n))
			continue;
		while (n + 1 < BITS_MOST && has(b, n + 1))
			n++;
		text_printf(&t, "%s%d", t.at ? "," : "", first);
		if (n > first)
			text_printf(&t, "-%d", n);
	}
	return t.at;
}

struct cores cores_take(struct bits *free, int64_t n, struct position at)
{
	struct bits *taken = mem(sizeof *taken);
	struct cores c = { 0 };
	int64_t left = n;

	for (int cpu = BITS_MOST - 1; cpu >= 0 && left; cpu--) {
		if (!has(free, cpu))
			continue;
		drop(free, cpu);
		put(taken, cpu);
		c.mhz += mhz_of(cpu);
		left--;
	}
	if (left)
		hcl_fail(
			at,
			"cores is %lld; there are %lld left of those that may be reserved on this host: ask for fewer, "
			"or for cpu in MHz",
			(long long) n, (long long) (n - left));
	c.list = listed(taken);
	return c;
}
