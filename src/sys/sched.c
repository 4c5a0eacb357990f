#include "sys/sched.h"

#include "base/fail.h"
#include "oci/bitlist.h"
#include "oci/names.h"

#include <errno.h>
#include <linux/ioprio.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

/* sched_setattr(2): the first version, which every kernel takes; linux/sched/types.h does not go with sched.h. */
struct attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
	uint32_t util_min, util_max;
};

static _Noreturn void refused(const struct scheduler *s)
{
	const char *policy = value_word(sched_policy_names, s->policy);
	int error = errno;

	if (error == EPERM && s->policy == SCHED_DEADLINE)
		fail("%s: refused: this needs CAP_SYS_NICE, and a process that may run on all CPUs of its cpuset",
		     policy);
	if (error == EPERM)
		fail("%s: refused: this needs CAP_SYS_NICE, and for realtime in a cgroup of version 1 a "
		     "resources.cpu.realtimeRuntime too",
		     policy);
	if (error == EBUSY)
		fail("%s: refused: the CPUs have not that much time left for deadlines", policy);
	errno = error;
	fail_sys("%s", policy);
}

void scheduler_apply(pid_t pid, const struct scheduler *s)
{
	struct attributes a = {
		.size = sizeof a,
		.policy = (uint32_t) s->policy,
		.flags = name_mask(s->flags, sched_flag_names, "process.scheduler.flags"),
		.nice = s->nice,
		.priority = (uint32_t) s->priority,
		.runtime = s->runtime,
		.deadline = s->deadline,
		.period = s->period,
	};
	if (syscall(SYS_sched_setattr, pid, &a, 0) < 0)
		refused(s);
}

void io_priority_apply(pid_t pid, const struct io_priority *p)
{
	int value = IOPRIO_PRIO_VALUE(p->class, p->priority);
	if (syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, pid, value) < 0)
		fail_sys("%s %d%s", value_word(io_class_names, p->class), p->priority,
			 errno == EPERM ? " (needs CAP_SYS_NICE or CAP_SYS_ADMIN)" : "");
}

void affinity_apply(pid_t pid, const char *cpus)
{
	struct bits b;

	if (!bits_read(cpus, &b))
		fail("\"%s\" is not a list of CPUs such as 0-3,7", cpus);
	if (syscall(SYS_sched_setaffinity, pid, sizeof b, &b) < 0) {
		if (errno == EINVAL)
			fail("CPUs %s: none of them is there and in the cpuset of the cgroup", cpus);
		fail_sys("CPUs %s", cpus);
	}
}
