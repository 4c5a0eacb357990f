#include "box/exec.h"

#include "base/fail.h"
#include "box/walk.h"

struct box *exec_box(struct container *c, const struct process *process, const struct wishes *wishes)
{
	switch (container_status(c)) {
	case CREATING: fail("container \"%s\" is not created yet", c->id);
	case STOPPED: fail("cannot exec in a stopped container: \"%s\" is not running", c->id);
	case PAUSED: fail("cannot exec in a paused container: \"%s\"; resume it first", c->id);
	default: break;
	}
	struct box *b = box_new(c->root, c->id, wishes);
	b->container = c;
	b->config = c->config;
	b->bundle = c->saved->bundle;
	b->process = process;
	return b;
}
