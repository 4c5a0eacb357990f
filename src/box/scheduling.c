/* Where and when the program computes.  What may need the host's privileges is done by HOST, as late as it can be: it
 * would hold for our own work too. */
#include "base/mem.h"
#include "box/box.h"
#include "box/steps.h"
#include "sys/mempolicy.h"
#include "sys/personality.h"
#include "sys/sched.h"

void scheduler(struct box *b) { scheduler_apply(b->init, b->process->scheduler); }

void io_priority(struct box *b) { io_priority_apply(b->init, b->process->io_priority); }

/* runtime-spec: of processes that come later, not of the first.  One that says nothing has what config.json says. */
static const struct cpu_affinity *affinity(const struct box *b)
{
	static const struct cpu_affinity none;
	const struct process *first = b->config->process;

	if (b->process->cpu_affinity)
		return b->process->cpu_affinity;
	return first && first->cpu_affinity ? first->cpu_affinity : &none;
}

bool has_initial_affinity(const struct box *b) { return affinity(b)->initial && *affinity(b)->initial; }
bool has_final_affinity(const struct box *b) { return affinity(b)->final && *affinity(b)->final; }

void affinity_initial(struct box *b) { affinity_apply(0, affinity(b)->initial); }

void affinity_final(struct box *b) { affinity_apply(b->init, affinity(b)->final); }

void machine_personality(struct box *b) { personality_apply(b->config->linux_part->personality); }

void memory_policy(struct box *b) { memory_policy_apply(b->config->linux_part->memory_policy); }
