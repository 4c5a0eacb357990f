/* Whether bivy's own tiny init stays as process 1 of the container (libexec/init/reaper.c), with the program as its
 * child.  Asked for by --init, or by the annotation that `bundle` writes.  Runs in HOST, before there is a process. */
#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/box.h"
#include "box/steps.h"

#include <linux/sched.h>
#include <sched.h>

#define ANNOTATION "org.bivy.init"

static const char *annotated(const struct config *c)
{
	EACH(a, c->annotations)
		if (same((*a)->key, ANNOTATION))
			return (*a)->value;
	return NULL;
}

bool has_init(const struct box *b)
{
	const char *value = annotated(b->config);

	if (value && !same(value, "true") && !same(value, "false"))
		fail("annotations." ANNOTATION ": \"%s\" is neither true nor false", value);
	return b->process && (b->wishes->init || same(value, "true"));
}

/* Both would be the program's, which is a child: a deadline lets nobody fork, and who waits for the listener looks into
 * the memory of process 1 (sys/listener.h). */
static void check_together(const struct box *b)
{
	const struct scheduler *s = b->process->scheduler;
	const struct seccomp *f = b->config->linux_part->seccomp;

	if (f && f->listener_path)
		fail("an init cannot be had together with linux.seccomp.listenerPath; remove --init, or the "
		     "annotation " ANNOTATION);
	if (s && (s->policy == SCHED_DEADLINE || contains_word(s->flags, "SCHED_FLAG_RESET_ON_FORK")))
		fail("an init cannot be had together with a process.scheduler that a child does not inherit; remove "
		     "--init, or the annotation " ANNOTATION);
}

void init_decide(struct box *b)
{
	check_together(b);
	b->reaper = config_has_new(b->config, CLONE_NEWPID);
	if (!b->reaper)
		warn("an init is asked for, but the container has no pid namespace of its own, where there would be "
		     "something to do for it: the program runs without");
}
