#include "task/volume.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>
#include <sys/stat.h>

/* As in Nomad a mount below the directory is not part of it. */
static const struct pair propagations[] = {
	{ "", "rprivate" },
	{ "private", "rprivate" },
	{ "host-to-task", "rslave" },
	{ "bidirectional", "rshared" },
	{ 0 },
};

static const struct volume *asked_for(const struct group *g, const struct volume_mount *m, const char *name)
{
	EACH(v, g->volumes)
		if (same((*v)->name, name))
			return *v;
	hcl_fail(key_at(m->block, "volume"), "volume_mount: there is no volume \"%s\" in the group", name);
}

static const struct host_volume *offered(const struct agent *a, const struct volume *v, const char *source)
{
	const char **names = NULL;
	struct stat st;

	EACH(h, a->volumes) {
		names = append(names, (*h)->name);
		if (!same((*h)->name, source))
			continue;
		if (stat((*h)->path, &st) < 0)
			hcl_fail((*h)->block->at, "host_volume \"%s\": there is no %s on this host; make it", source,
				 (*h)->path);
		return *h;
	}
	hcl_fail(
		key_at(v->block, "source"),
		"volume \"%s\": the agent file (--client) has no host_volume \"%s\"%s; write host_volume \"%s\" { path "
		"= \"/...\" } into its client block",
		v->name, source, names ? fmt(", it has %s", join(names, ", ")) : "", source);
}

static const char *propagation(const struct volume_mount *m, struct pair *const *names)
{
	struct position at = key_at(m->block, "propagation_mode");
	const char *mode = interpolate(names, m->propagation_mode ? m->propagation_mode : "", at);

	for (const struct pair *p = propagations; p->key; p++)
		if (same(p->key, mode))
			return p->value;
	hcl_fail(at, "propagation_mode \"%s\" is unknown; it can be private, host-to-task or bidirectional", mode);
}

struct mount **volume_mounts(struct chroot *c, const struct agent *agent, const struct group *g, const struct task *t,
			     struct pair *const *names)
{
	struct mount **mounts = NULL;

	EACH(asked, t->mounts) {
		const struct volume_mount *m = *asked;
		struct position at = key_at(m->block, "destination");
		const struct volume *v = asked_for(g, m, interpolate(names, m->volume, key_at(m->block, "volume")));
		const struct host_volume *h = offered(agent, v, interpolate(names, v->source, v->block->at));
		const struct addition a = { clean_path(interpolate(names, m->destination, at)), h->path, "volume_mount",
					    at, false };
		const char *how = fmt("bind,%s,%s,nosuid,nodev", propagation(m, names),
				      m->read_only || v->read_only || h->read_only ? "ro" : "rw");
		struct mount *made = mem(sizeof *made);
		*made = (struct mount){
			.destination = chroot_bind(c, &a), .type = "bind", .source = h->path, .options = split(how, ',')
		};
		mounts = append(mounts, made);
	}
	return mounts;
}
