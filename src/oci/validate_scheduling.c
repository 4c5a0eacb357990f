#include "oci/validate_scheduling.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/bitlist.h"
#include "oci/names.h"

#include <linux/mempolicy.h>
#include <sched.h>

#define SCHED_ISO 4

static bool is_realtime(const struct scheduler *s) { return s->policy == SCHED_FIFO || s->policy == SCHED_RR; }

static void check_deadline(const struct scheduler *s, const char *where)
{
	if (s->policy != SCHED_DEADLINE) {
		if (s->runtime || s->deadline || s->period)
			fail("%s: runtime, deadline and period are for SCHED_DEADLINE only", where);
		return;
	}
	if (!s->runtime || s->runtime > s->deadline || (s->period && s->deadline > s->period))
		fail("%s: SCHED_DEADLINE needs 0 < runtime <= deadline <= period, in nanoseconds", where);
}

static void check_scheduler(const struct scheduler *s, const char *where)
{
	const char *policy = value_word(sched_policy_names, s->policy);

	name_mask(s->flags, sched_flag_names, fmt("%s.flags", where));
	if (s->policy == SCHED_ISO)
		fail("%s.policy: Linux has reserved a number for SCHED_ISO, but no kernel does it", where);
	if (s->nice < -20 || s->nice > 19)
		fail("%s.nice: %d is not from -20 to 19", where, s->nice);
	if (is_realtime(s) && (s->priority < 1 || s->priority > 99))
		fail("%s.priority: %s needs one from 1 to 99, not %d", where, policy, s->priority);
	if (!is_realtime(s) && s->priority)
		fail("%s.priority: is for SCHED_FIFO and SCHED_RR only, not %s", where, policy);
	check_deadline(s, where);
}

/* sched(7): a process with a deadline may not fork, which hooks before the program need, unless the child has none. */
void deadline_check(const struct scheduler *s, const struct hooks *h, const char *name)
{
	if (s && s->policy == SCHED_DEADLINE && count(h->start_container) &&
	    !contains_word(s->flags, "SCHED_FLAG_RESET_ON_FORK"))
		fail("%s: process.scheduler.flags: SCHED_DEADLINE needs SCHED_FLAG_RESET_ON_FORK beside startContainer "
		     "hooks: it lets nothing fork else",
		     name);
}

static void check_list(const char *list, const char *where)
{
	struct bits b;
	if (list && *list && !bits_read(list, &b))
		fail("%s: \"%s\" is not a list of numbers such as 0-3,7", where, list);
}

void scheduling_check(const struct process *p, const char *where)
{
	if (p->scheduler)
		check_scheduler(p->scheduler, fmt("%s.scheduler", where));
	if (p->io_priority && (p->io_priority->priority < 0 || p->io_priority->priority > 7))
		fail("%s.ioPriority.priority: %d is not from 0 (highest) to 7", where, p->io_priority->priority);
	if (p->cpu_affinity) {
		check_list(p->cpu_affinity->initial, fmt("%s.execCPUAffinity.initial", where));
		check_list(p->cpu_affinity->final, fmt("%s.execCPUAffinity.final", where));
	}
}

void memory_policy_check(const struct memory_policy *m, const char *where)
{
	const char *mode = value_word(memory_mode_names, m->mode);
	bool has_nodes = m->nodes && *m->nodes;
	bool needs_nodes = m->mode != MPOL_DEFAULT && m->mode != MPOL_LOCAL && m->mode != MPOL_PREFERRED;
	uint64_t flags = name_mask(m->flags, memory_flag_names, fmt("%s.flags", where));

	check_list(m->nodes, fmt("%s.nodes", where));
	if (needs_nodes && !has_nodes)
		fail("%s.nodes: %s needs a list of nodes", where, mode);
	if (!needs_nodes && m->mode != MPOL_PREFERRED && has_nodes)
		fail("%s.nodes: %s takes none", where, mode);
	if (flags && !has_nodes)
		fail("%s.flags: say how nodes are meant, and there are none", where);
	if (flags & MPOL_F_STATIC_NODES && flags & MPOL_F_RELATIVE_NODES)
		fail("%s.flags: MPOL_F_STATIC_NODES and MPOL_F_RELATIVE_NODES exclude each other", where);
}
