#include "task/allocation.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/ports.h"

static bool chosen(const char *wanted, const struct group *g, const struct task *t)
{
	return !wanted || same(wanted, t->name) || same(wanted, fmt("%s/%s", g->name, t->name));
}

static _Noreturn void refuse_choice(const struct wanted *w, const struct job *j)
{
	const char **names = NULL;
	EACH(g, j->groups)
		EACH(t, (*g)->tasks)
			names = append(names, fmt("%s/%s", (*g)->name, (*t)->name));
	fail("%s: no task is called \"%s\"; it has %s", w->file, w->task, join(names, ", "));
}

int allocation_count(const struct group *g) { return g->count ? (int) *g->count : 1; }

/* One run of the whole group is one allocation. */
static struct draft **add_allocation(struct draft **drafts, const struct wanted *w, const struct draft *like)
{
	EACH(t, like->group->tasks) {
		if (!chosen(w->task, like->group, *t))
			continue;
		struct draft *d = mem(sizeof *d);
		*d = *like;
		d->task = *t;
		drafts = append(drafts, d);
	}
	return drafts;
}

struct draft **allocations(const struct wanted *w, const struct job *j, const struct agent *agent)
{
	struct draft **drafts = NULL;
	struct bits *free = cores_free(agent);
	struct ports_pool *ports = ports_pool();
	bool any = false;

	EACH(g, j->groups) {
		struct draft like = {
			.job = j, .group = *g, .agent = agent, .netns = w->netns, .payload = w->payload, .free = free
		};
		const struct network *network = (*g)->networks ? (*g)->networks[0] : NULL;
		EACH(t, (*g)->tasks)
			any |= chosen(w->task, *g, *t);
		for (; like.index < allocation_count(*g); like.index++) {
			like.ports = ports_take(ports, network);
			like.alloc_id = drafts || !w->alloc_id ? random_uuid() : w->alloc_id;
			drafts = add_allocation(drafts, w, &like);
		}
	}
	if (!any)
		refuse_choice(w, j);
	if (!drafts)
		fail("%s: count is 0 in every group, and nothing is left to run; make it at least 1", w->file);
	EACH(d, drafts)
		if (w->task && (*d)->group != drafts[0]->group)
			fail("%s: more than one group has a task \"%s\"; say --task GROUP/TASK", w->file, w->task);
	return drafts;
}
