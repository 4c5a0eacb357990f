#include "cmd/disband.h"

#include "base/fail.h"
#include "base/mem.h"
#include "cmd/lifecycle.h"
#include "cmd/worker.h"

static struct worker **begin(struct worker **workers, deed *what, const char *root, const struct entry *e)
{
	struct worker *w = mem(sizeof *w);
	worker_start(w, what, root, e);
	return append(workers, w);
}

/* False: one of them failed. */
static bool wait_for(struct worker **workers)
{
	bool well = true;
	EACH(w, workers) {
		struct report none;
		int pidfd;
		well &= !worker_done(*w, &none, &pidfd);
	}
	return well;
}

void disband_stop(const char *root, struct entry *const *entries)
{
	for (int rank = 0; rank < STOP_RANKS; rank++) {
		struct worker **workers = NULL;
		EACH(e, entries)
			if (lifecycle_stop_rank(*e) == rank)
				workers = begin(workers, worker_stop, root, *e);
		wait_for(workers); /* one that would not be stopped is killed by its removal */
	}
}

void disband_remove(const char *root, struct entry *const *entries)
{
	struct worker **workers = NULL;
	EACH(e, entries)
		workers = begin(workers, worker_remove, root, *e);
	if (wait_for(workers))
		return;
	EACH(e, entries)
		worker_remove(root, *e, -1); /* what is in the way is said here */
}

void disband_run(void *roster)
{
	const struct roster *r = roster;
	disband_remove(r->root, r->entries);
	roster_remove(r);
}
