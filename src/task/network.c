#include "task/network.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <sched.h>

static const char *path_of(const char *path, const char *alloc_id, const char *mode, struct position at)
{
	const char *named = path ? absolute(path) : fmt("/var/run/netns/%s", alloc_id);

	if (exists(AT_FDCWD, named))
		return named;
	if (path)
		hcl_fail(at, "network mode \"%s\": there is no namespace %s; make it with `ip netns add`", mode, named);
	hcl_fail(at,
		 "network mode \"%s\": bivy joins a network namespace that is there, and makes none; make one (`ip "
		 "netns "
		 "add NAME`, and its interfaces) and give --network-namespace /var/run/netns/NAME, or take mode "
		 "\"host\" "
		 "or \"none\"",
		 mode);
}

const struct namespace *network_of(const struct group *g, const char *path, const char *alloc_id)
{
	const struct network *n = g->networks ? g->networks[0] : NULL;
	const char *mode = n && n->mode ? n->mode : "";

	if (!*mode || same(mode, "host"))
		return NULL;
	struct position at = key_at(n->block, "mode");
	struct namespace *made = mem(sizeof *made);
	made->flag = CLONE_NEWNET;
	if (same(mode, "none"))
		return made;
	if (!same(mode, "bridge") && !starts_with(mode, "cni/"))
		hcl_fail(at, "network mode \"%s\" is unknown; it can be host, none, bridge or cni/NAME", mode);
	if (path || alloc_id)
		made->path = path_of(path, alloc_id, mode, at);
	return made;
}
