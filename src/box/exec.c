#include "box/exec.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/walk.h"
#include "sys/cgroup.h"

#include <fcntl.h>
#include <string.h>

/* The hierarchies of a cgroup, those with one of the controllers going further down by path; controllers NULL: all. */
static struct hierarchy **go_down(const struct cgroup *from, const char *const *controllers, const char *path)
{
	struct hierarchy **list = NULL;
	bool any = false;

	EACH(h, from->hierarchies) {
		struct hierarchy *down = mem(sizeof *down);
		bool meant = !controllers;
		*down = **h;
		EACH(name, split((*h)->name, ','))
			meant |= controllers && contains_word(controllers, *name);
		if (meant)
			down->dir = fmt("%s%s", (*h)->dir, same(path, "/") ? "" : path);
		any |= meant;
		list = append(list, down);
	}
	if (!any)
		fail("--cgroup: there is no hierarchy of version 1 with %s", join(controllers, " or "));
	return list;
}

/* "PATH", and on v1 "CONTROLLER,CONTROLLER:PATH" too, below the container's own. */
static void go_as_wished(struct cgroup *cg, const char *wish)
{
	const char *colon = strchr(wish, ':'), *path = colon ? colon + 1 : wish;
	const char **controllers = colon ? split(text_n(wish, (size_t) (colon - wish)), ',') : NULL;

	if (contains_word((const char *const *) split(path, '/'), ".."))
		fail("--cgroup: %s: \"..\" is not accepted in it", wish);
	if (colon && cg->unified)
		fail("--cgroup: %s: this machine has cgroup v2, which takes a path alone", wish);
	cg->hierarchies = go_down(cg, controllers, clean_path(fmt("/%s", path)));
	EACH(h, cg->hierarchies)
		if (!exists(AT_FDCWD, (*h)->dir))
			fail("--cgroup: %s: there is no cgroup %s", wish, (*h)->dir);
}

/* v2: what passes controllers on takes no process any more, and the container's first process has moved below. */
static void go_where_init_is(struct cgroup *cg, pid_t init)
{
	struct hierarchy *h = *cg->hierarchies;
	const char *passed_on = try_read_whole(AT_FDCWD, fmt("%s/cgroup.subtree_control", h->dir));
	const char *line = try_read_whole(AT_FDCWD, fmt("/proc/%d/cgroup", init));

	if (passed_on && *trim(passed_on) && line && starts_with(line, "0::/"))
		h->dir = fmt("%s%s", h->mount, trim(line + 3));
}

static struct cgroup *cgroup_of(const struct container *c, const char *const *wished)
{
	if (!c->cgroup || !c->cgroup->hierarchies)
		return c->cgroup;
	struct cgroup *cg = mem(sizeof *cg);
	*cg = *c->cgroup;
	EACH(wish, wished)
		go_as_wished(cg, *wish);
	if (!wished && cg->unified)
		go_where_init_is(cg, c->saved->pid);
	return cg;
}

struct box *exec_box(struct container *c, const struct process *process, const struct wishes *wishes)
{
	switch (container_status(c)) {
	case CREATING: fail("container \"%s\" is not created yet", c->id);
	case STOPPED: fail("cannot exec in a stopped container: \"%s\" is not running", c->id);
	case PAUSED:
		if (!wishes->ignore_paused)
			fail("cannot exec in a paused container (use --ignore-paused to override): \"%s\"", c->id);
		break;
	default: break;
	}
	struct box *b = box_new(c->root, c->id, wishes);
	b->container = c;
	b->config = c->config;
	b->bundle = c->saved->bundle;
	b->process = process;
	b->cgroup = cgroup_of(c, wishes->cgroups);
	return b;
}
