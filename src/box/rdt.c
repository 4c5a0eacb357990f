/* The container's share of caches and memory bandwidth.  Runs in HOST. */
#include "box/rdt.h"

#include "base/fail.h"
#include "base/mem.h"
#include "box/box.h"
#include "box/journal.h"
#include "box/steps.h"
#include "sys/rdt.h"

static void take_away(void *dir) { try_rdt_remove(dir); }

static void make(const struct box *b, const char *dir, bool ends_with_container)
{
	if (ends_with_container)
		journal_rdt(b->dir, dir);
	rdt_make(b->rdt, dir);
	undo(take_away, text(dir));
}

void rdt_prepare(struct box *b)
{
	const struct intel_rdt *wanted = b->config->linux_part->intel_rdt;

	b->rdt = rdt_names(rdt_root(), b->id, wanted);
	rdt_check(b->rdt, wanted);
	if (!b->rdt->has_class)
		make(b, b->rdt->class, b->rdt->own_class);
	rdt_limit(b->rdt);
	if (b->rdt->group)
		make(b, b->rdt->group, true);
}

void rdt_join(struct box *b)
{
	if (!b->rdt)
		b->rdt = rdt_names(rdt_root(), b->id, b->config->linux_part->intel_rdt);
	rdt_enter(b->rdt, b->init);
}

void container_rdt_remove(const struct container *c)
{
	const char **made = journal_read(c->dir).rdt;

	/* The group before the class that it is in. */
	for (size_t i = count(made); i-- > 0;)
		if (try_rdt_remove(made[i]) < 0)
			fail_sys("remove %s of container \"%s\"", made[i], c->id);
}
