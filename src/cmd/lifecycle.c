#include "cmd/lifecycle.h"

#include "base/mem.h"
#include "base/text.h"

enum { POSTSTOP = 4 };

/* A task waits for all that start before it: a sidecar has to run, a prestart task to have ended well, a main task to
 * run. */
static const struct rank {
	const char *hook;
	bool sidecar;
	int start, stop;
} ranks[] = {
	/* clang-format off */
	{ "prestart",  true,  0,        2 },
	{ "prestart",  false, 1,        1 },
	{ NULL,        false, 2,        1 },
	{ "poststart", false, 3,        1 },
	{ "poststart", true,  3,        2 },
	{ "poststop",  false, POSTSTOP, 2 },
	/* clang-format on */
};

static const struct rank *rank_of(const struct entry *e)
{
	const struct rank *r = ranks;
	while (!same(r->hook, e->hook) || (e->hook && r->start != POSTSTOP && r->sidecar != e->sidecar))
		r++;
	return r;
}

int lifecycle_stop_rank(const struct entry *e) { return e->leader ? 0 : rank_of(e)->stop; }

static bool is_poststop(const struct member *m) { return rank_of(m->entry)->start == POSTSTOP; }

static bool is_sidecar(const struct member *m) { return m->entry->hook && m->entry->sidecar; }

static bool lets_others_start(const struct member *m)
{
	bool to_its_end = rank_of(m->entry)->start == 1;
	return to_its_end ? m->phase == OVER && m->has_run && !m->last.code : m->has_run;
}

static bool all_others_are_over(const struct allocation *a)
{
	EACH(m, a->members)
		if (!is_poststop(*m) && (*m)->phase != OVER)
			return false;
	return true;
}

bool lifecycle_may_start(const struct allocation *a, const struct member *m)
{
	if (m->phase != WAITING)
		return false;
	if (is_poststop(m))
		return all_others_are_over(a);
	EACH(o, a->members)
		if (rank_of((*o)->entry)->start < rank_of(m->entry)->start && !lets_others_start(*o))
			return false;
	return !a->ending;
}

bool lifecycle_must_stop(const struct allocation *a, const struct member *m)
{
	if (!a->ending || m->asked || m->phase == OVER || is_poststop(m))
		return false;
	if (m->phase == WAITING || m->phase == RESTING)
		return true;
	EACH(o, a->members)
		if (!is_poststop(*o) && (*o)->phase != OVER &&
		    lifecycle_stop_rank((*o)->entry) < lifecycle_stop_rank(m->entry))
			return false;
	return true;
}

bool lifecycle_is_through(const struct allocation *a)
{
	EACH(m, a->members)
		if (!is_sidecar(*m) && !is_poststop(*m) && (*m)->phase != OVER)
			return false;
	return true;
}

bool lifecycle_is_up(const struct allocation *a)
{
	EACH(m, a->members)
		if (!(*m)->entry->hook && !(*m)->has_run && (*m)->phase != OVER)
			return false;
	return true;
}
