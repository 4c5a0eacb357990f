#include "oci/names.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"

#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/mount.h>
#include <linux/personality.h>
#include <linux/sched.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <strings.h>
#include <sys/resource.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x80
#endif

#ifndef MPOL_F_NUMA_BALANCING
#define MPOL_F_NUMA_BALANCING (1 << 13)
#endif
#define WEIGHTED_INTERLEAVE 6 /* MPOL_, since Linux 6.9: an enum, so no #ifdef can ask for it */

#define SAME_WORD(x)  \
	{             \
#x, x \
	}
#define SIGNAL(x)          \
	{                  \
#x, SIG##x \
	}

/* clang-format off */
const struct name namespace_names[] = {
	{ "user", CLONE_NEWUSER }, { "mount", CLONE_NEWNS },       { "pid", CLONE_NEWPID },   { "network", CLONE_NEWNET },
	{ "ipc",  CLONE_NEWIPC },  { "cgroup", CLONE_NEWCGROUP },  { "uts", CLONE_NEWUTS },   { "time", CLONE_NEWTIME }, { 0 },
};

const struct name propagation_names[] = {
	{ "shared",   MS_SHARED },            { "slave",   MS_SLAVE },
	{ "private",  MS_PRIVATE },           { "unbindable",  MS_UNBINDABLE },
	{ "rshared",  MS_REC | MS_SHARED },   { "rslave",  MS_REC | MS_SLAVE },
	{ "rprivate", MS_REC | MS_PRIVATE },  { "runbindable", MS_REC | MS_UNBINDABLE }, { 0 },
};

const struct name rlimit_names[] = {
	SAME_WORD(RLIMIT_AS),      SAME_WORD(RLIMIT_CORE),       SAME_WORD(RLIMIT_CPU),    SAME_WORD(RLIMIT_DATA),
	SAME_WORD(RLIMIT_FSIZE),   SAME_WORD(RLIMIT_LOCKS),      SAME_WORD(RLIMIT_MEMLOCK), SAME_WORD(RLIMIT_MSGQUEUE),
	SAME_WORD(RLIMIT_NICE),    SAME_WORD(RLIMIT_NOFILE),     SAME_WORD(RLIMIT_NPROC),  SAME_WORD(RLIMIT_RSS),
	SAME_WORD(RLIMIT_RTPRIO),  SAME_WORD(RLIMIT_RTTIME),     SAME_WORD(RLIMIT_SIGPENDING), SAME_WORD(RLIMIT_STACK), { 0 },
};

const struct name device_kind_names[] = { { "c", 'c' }, { "b", 'b' }, { "u", 'c' }, { "p", 'p' }, { "a", 'a' }, { 0 } };

const struct name seccomp_action_names[] = {
	SAME_WORD(SCMP_ACT_KILL), SAME_WORD(SCMP_ACT_KILL_PROCESS), SAME_WORD(SCMP_ACT_KILL_THREAD), SAME_WORD(SCMP_ACT_TRAP),
	SAME_WORD(SCMP_ACT_LOG), SAME_WORD(SCMP_ACT_ALLOW), SAME_WORD(SCMP_ACT_NOTIFY),
	{ "SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0) }, { "SCMP_ACT_TRACE", SCMP_ACT_TRACE(0) }, { 0 },
};

const struct name seccomp_op_names[] = {
	SAME_WORD(SCMP_CMP_NE), SAME_WORD(SCMP_CMP_LT), SAME_WORD(SCMP_CMP_LE), SAME_WORD(SCMP_CMP_EQ),
	SAME_WORD(SCMP_CMP_GE), SAME_WORD(SCMP_CMP_GT), SAME_WORD(SCMP_CMP_MASKED_EQ), { 0 },
};

const struct name sched_policy_names[] = {
	SAME_WORD(SCHED_OTHER), SAME_WORD(SCHED_FIFO), SAME_WORD(SCHED_RR), SAME_WORD(SCHED_BATCH),
	SAME_WORD(SCHED_IDLE), SAME_WORD(SCHED_DEADLINE), { "SCHED_ISO", 4 }, { 0 },
};

const struct name sched_flag_names[] = {
	SAME_WORD(SCHED_FLAG_RESET_ON_FORK), SAME_WORD(SCHED_FLAG_RECLAIM),      SAME_WORD(SCHED_FLAG_DL_OVERRUN),
	SAME_WORD(SCHED_FLAG_KEEP_POLICY),   SAME_WORD(SCHED_FLAG_KEEP_PARAMS),  SAME_WORD(SCHED_FLAG_UTIL_CLAMP_MIN),
	SAME_WORD(SCHED_FLAG_UTIL_CLAMP_MAX), { 0 },
};

const struct name memory_mode_names[] = {
	SAME_WORD(MPOL_DEFAULT), SAME_WORD(MPOL_BIND),  SAME_WORD(MPOL_INTERLEAVE), SAME_WORD(MPOL_PREFERRED),
	SAME_WORD(MPOL_PREFERRED_MANY), SAME_WORD(MPOL_LOCAL), { "MPOL_WEIGHTED_INTERLEAVE", WEIGHTED_INTERLEAVE }, { 0 },
};

const struct name memory_flag_names[] = {
	SAME_WORD(MPOL_F_NUMA_BALANCING), SAME_WORD(MPOL_F_RELATIVE_NODES), SAME_WORD(MPOL_F_STATIC_NODES), { 0 },
};

const struct name io_class_names[] = {
	SAME_WORD(IOPRIO_CLASS_RT), SAME_WORD(IOPRIO_CLASS_BE), SAME_WORD(IOPRIO_CLASS_IDLE), { 0 },
};

const struct name personality_names[] = { { "LINUX", PER_LINUX }, { "LINUX32", PER_LINUX32 }, { 0 } };

const struct name signal_names[] = {
	SIGNAL(HUP),  SIGNAL(INT),    SIGNAL(QUIT), SIGNAL(ILL),  SIGNAL(TRAP), SIGNAL(ABRT), SIGNAL(BUS),  SIGNAL(FPE),
	SIGNAL(KILL), SIGNAL(USR1),   SIGNAL(SEGV), SIGNAL(USR2), SIGNAL(PIPE), SIGNAL(ALRM), SIGNAL(TERM), SIGNAL(STKFLT),
	SIGNAL(CHLD), SIGNAL(CONT),   SIGNAL(STOP), SIGNAL(TSTP), SIGNAL(TTIN), SIGNAL(TTOU), SIGNAL(URG),  SIGNAL(XCPU),
	SIGNAL(XFSZ), SIGNAL(VTALRM), SIGNAL(PROF), SIGNAL(WINCH), SIGNAL(IO),  SIGNAL(PWR),  SIGNAL(SYS),  SIGNAL(IOT),
	SIGNAL(POLL), { 0 },
};
/* clang-format on */

static int realtime_signal(const char *word)
{
	int64_t n;
	if (!strncasecmp(word, "RTMIN+", 6) && number(word + 6, 0, SIGRTMAX - SIGRTMIN, &n))
		return SIGRTMIN + (int) n;
	if (!strncasecmp(word, "RTMAX-", 6) && number(word + 6, 0, SIGRTMAX - SIGRTMIN, &n))
		return SIGRTMAX - (int) n;
	return !strcasecmp(word, "RTMIN") ? SIGRTMIN : !strcasecmp(word, "RTMAX") ? SIGRTMAX : -1;
}

int signal_number(const char *word)
{
	int64_t n;
	if (number(word, 0, SIGRTMAX, &n))
		return (int) n;
	if (!strncasecmp(word, "SIG", 3))
		word += 3;
	for (const struct name *s = signal_names; s->word; s++)
		if (!strcasecmp(s->word, word))
			return (int) s->value;
	return realtime_signal(word);
}

const char *signal_name(int signal)
{
	const char *word = value_word(signal_names, signal);
	return word ? fmt("SIG%s", word) : fmt("SIG%d", signal);
}

uint64_t name_mask(const char *const *words, const struct name *names, const char *where)
{
	uint64_t mask = 0;
	EACH(w, words) {
		int64_t value = word_value(names, *w, -1);
		if (value < 0)
			fail("%s: \"%s\" is none of %s", where, *w, known_words(names));
		mask |= (uint64_t) value;
	}
	return mask;
}
