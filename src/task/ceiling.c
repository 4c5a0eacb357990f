#include "task/ceiling.h"

#include "base/mem.h"
#include "base/text.h"
#include "oci/names.h"
#include "task/value.h"

#include <ctype.h>
#include <string.h>
#include <sys/resource.h>

static int limit_named(const char *name)
{
	char *kernels = fmt("RLIMIT_%s", name);
	for (char *c = kernels; *c; c++)
		*c = (char) toupper((unsigned char) *c);
	return (int) word_value(rlimit_names, kernels, -1);
}

static bool amount(const char *said, uint64_t *to)
{
	int64_t n;
	if (same(said, "unlimited") || same(said, "-1")) {
		*to = RLIM_INFINITY;
		return true;
	}
	bool is_one = number(said, 0, INT64_MAX, &n);
	*to = is_one ? (uint64_t) n : 0;
	return is_one;
}

/* nofile = "1024:4096": the soft limit, and the hard one; a single number is both. */
static struct rlimit_entry *rlimit(const struct member *m)
{
	const char *said = value_text(m->value), **parts = split(said ? said : "", ':');
	struct rlimit_entry *r = mem(sizeof *r);
	size_t n = count(parts);

	r->type = limit_named(m->key);
	if (r->type < 0)
		hcl_fail(m->at,
			 "ulimit: there is no limit \"%s\"; known are those of getrlimit(2), in small letters: nofile, "
			 "nproc, core ...",
			 m->key);
	if (n < 1 || n > 2 || !amount(parts[0], &r->soft) || !amount(parts[n - 1], &r->hard))
		hcl_fail(m->at, "ulimit: %s: \"%s\" is no limit; write \"SOFT:HARD\", a number or \"unlimited\" each",
			 m->key, said ? said : "");
	if (r->soft > r->hard)
		hcl_fail(m->at, "ulimit: %s: the soft limit of \"%s\" is above the hard one; the hard one comes second",
			 m->key, said);
	return r;
}

/* As in docker: nothing above 0 is no limit. */
static void limit_processes(struct resources *r, const int64_t *most)
{
	r->pids = mem(sizeof *r->pids);
	r->pids->limit = mem(sizeof *r->pids->limit);
	*r->pids->limit = *most > 0 ? *most : -1;
}

static void size_shared_memory(struct config *c, const struct settings *s)
{
	if (*s->shm_size < 1)
		hcl_fail(key_at(s->block, "shm_size"), "shm_size is %lld; it is a number of bytes, at least 1",
			 (long long) *s->shm_size);
	EACH(m, c->mounts)
		for (const char **o = same((*m)->destination, "/dev/shm") ? (*m)->options : NULL; o && *o; o++)
			if (starts_with(*o, "size="))
				*o = fmt("size=%lld", (long long) *s->shm_size);
}

void ceiling_set(struct config *c, const struct settings *s)
{
	EACH(m, s->ulimit)
		c->process->rlimits = append(c->process->rlimits, rlimit(*m));
	if (s->pids_limit)
		limit_processes(c->linux_part->resources, s->pids_limit);
	if (s->shm_size)
		size_shared_memory(c, s);
}
