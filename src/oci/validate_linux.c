#include "oci/validate_linux.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <net/if.h>
#include <sched.h>
#include <string.h>

void personality_check(const struct personality *p, const char *name)
{
	if (count(p->flags))
		fail("%s: linux.personality.flags: \"%s\": the runtime-spec knows none; remove it", name, *p->flags);
}

/* dev_valid_name() of the kernel's net/core/dev.c. */
static bool is_interface(const char *s)
{
	if (!*s || strlen(s) >= IFNAMSIZ || same(s, ".") || same(s, ".."))
		return false;
	for (; *s; s++)
		if (*s == '/' || *s == ':' || isspace((unsigned char) *s))
			return false;
	return true;
}

static const char *inside_name(const struct net_device *d) { return d->name && *d->name ? d->name : d->key; }

void net_devices_check(const struct config *c, const char *name)
{
	struct net_device *const *all = c->linux_part->net_devices;

	EACH(a, all) {
		if (!is_interface((*a)->key))
			fail("%s: linux.netDevices: \"%s\" is no name of an interface", name, (*a)->key);
		if (!is_interface(inside_name(*a)))
			fail("%s: linux.netDevices.%s.name: \"%s\" is no name of an interface", name, (*a)->key,
			     (*a)->name);
		EACH(b, all)
			if (a < b && !strchr(inside_name(*a), '%') && same(inside_name(*a), inside_name(*b)))
				fail("%s: linux.netDevices: %s and %s would both be \"%s\" in the container", name,
				     (*a)->key, (*b)->key, inside_name(*a));
	}
}

void intel_rdt_check(const struct intel_rdt *r, const char *name)
{
	const char *id = r->clos_id;

	if (id && (!*id || same(id, ".") || same(id, "..") || (strchr(id, '/') && !same(id, "/"))))
		fail("%s: linux.intelRdt.closID: \"%s\" is neither \"/\" nor the name of a directory", name, id);
	if (r->memory_schema && (!starts_with(r->memory_schema, "MB:") || strchr(r->memory_schema, '\n')))
		fail("%s: linux.intelRdt.memBwSchema: must be one line that begins with \"MB:\"", name);
	EACH(line, r->schemata)
		if (!strchr(*line, ':') || strchr(*line, '\n'))
			fail("%s: linux.intelRdt.schemata: \"%s\" is not one line RESOURCE:ID=VALUE", name, *line);
}
