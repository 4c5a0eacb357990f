/* What changes for a container that lives on: its processes stand still or go on, its limits move. */
#include "base/fail.h"
#include "base/mem.h"
#include "box/history.h"
#include "box/life.h"
#include "sys/cgroup.h"
#include "sys/dev.h"
#include "sys/rdt.h"

static void need_cgroup(const struct container *c)
{
	if (!c->cgroup || !c->cgroup->hierarchies)
		fail("container \"%s\" has no cgroup", c->id);
}

/* The words for the wrong state are runc's: engines and people search for them. */
static void need_life(const struct container *c, enum status status)
{
	if (status == CREATING)
		fail("container \"%s\" is not created yet", c->id);
	if (status == STOPPED)
		fail("container not running: \"%s\" has stopped", c->id);
}

void container_pause(struct container *c)
{
	container_lock(c);
	enum status status = container_status(c);
	need_life(c, status);
	if (status == PAUSED)
		fail("container not running: \"%s\" is paused already", c->id);
	need_cgroup(c);
	cgroup_freeze(c->cgroup);
	history_tell(c->dir, c->id, "paused");
}

void container_resume(struct container *c)
{
	container_lock(c);
	enum status status = container_status(c);
	if (status != PAUSED)
		fail("container not paused: \"%s\" is %s", c->id, value_word(status_names, status));
	cgroup_thaw(c->cgroup);
	if (cgroup_frozen(c->cgroup))
		fail("container \"%s\" stays frozen: a cgroup above %s is frozen too", c->id, c->cgroup->path);
	history_tell(c->dir, c->id, "resumed");
}

void container_update(struct container *c, const struct resources *r)
{
	container_lock(c);
	need_life(c, container_status(c));
	need_cgroup(c);
	cgroup_limit_again(c->cgroup, r);
	if (!r->devices || !*r->devices)
		return;
	struct device_rule **rules = r->devices;
	EACH(rule, default_device_rules)
		rules = append(rules, *rule);
	cgroup_devices(c->cgroup, rules, false);
}

void container_update_caches(struct container *c, const char *l3_schema, const char *memory_schema)
{
	container_lock(c);
	need_life(c, container_status(c));
	const struct intel_rdt *had = c->config->linux_part->intel_rdt;
	if (!had)
		fail("container \"%s\" has no linux.intelRdt in its config.json, so it shares its class with others",
		     c->id);
	struct intel_rdt wanted = { .clos_id = had->clos_id, .l3_schema = l3_schema, .memory_schema = memory_schema };
	struct rdt *t = rdt_names(rdt_root(), c->id, &wanted);
	t->has_class = false; /* it is there, and what it says is to change */
	rdt_limit(t);
}
