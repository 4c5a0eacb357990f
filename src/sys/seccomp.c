#include "sys/seccomp.h"

#include "base/fail.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/names.h"
#include "sys/seccomp_code.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

#define LENGTH(a)  (sizeof(a) / sizeof(*(a)))
#define DATA(m)    offsetof(struct seccomp_data, m)
#define LOAD       (BPF_LD | BPF_W | BPF_ABS)
#define LAST_ERRNO 4095 /* more than that the kernel would cut, seccomp(2) */

/* The program searches the number of a call among ranges of equal verdict, by halves: a tenth of the instructions that
 * libseccomp writes for an engine's profile, a thousandth of its time to write them, and no call is far from its
 * verdict. libseccomp knows the numbers of the names. */

/* clang-format off */
const struct name seccomp_flag_names[] = {
	{ "SECCOMP_FILTER_FLAG_TSYNC",              SECCOMP_FILTER_FLAG_TSYNC },
	{ "SECCOMP_FILTER_FLAG_LOG",                SECCOMP_FILTER_FLAG_LOG },
	{ "SECCOMP_FILTER_FLAG_SPEC_ALLOW",         SECCOMP_FILTER_FLAG_SPEC_ALLOW },
	{ "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV }, { 0 },
};

const struct name seccomp_arch_names[] = {
	{ "SCMP_ARCH_X86",         AUDIT_ARCH_I386 },        { "SCMP_ARCH_X86_64",      AUDIT_ARCH_X86_64 },
	{ "SCMP_ARCH_X32",         SCMP_ARCH_X32 },          { "SCMP_ARCH_ARM",         AUDIT_ARCH_ARM },
	{ "SCMP_ARCH_AARCH64",     AUDIT_ARCH_AARCH64 },     { "SCMP_ARCH_MIPS",        AUDIT_ARCH_MIPS },
	{ "SCMP_ARCH_MIPS64",      AUDIT_ARCH_MIPS64 },      { "SCMP_ARCH_MIPS64N32",   AUDIT_ARCH_MIPS64N32 },
	{ "SCMP_ARCH_MIPSEL",      AUDIT_ARCH_MIPSEL },      { "SCMP_ARCH_MIPSEL64",    AUDIT_ARCH_MIPSEL64 },
	{ "SCMP_ARCH_MIPSEL64N32", AUDIT_ARCH_MIPSEL64N32 }, { "SCMP_ARCH_PPC",         AUDIT_ARCH_PPC },
	{ "SCMP_ARCH_PPC64",       AUDIT_ARCH_PPC64 },       { "SCMP_ARCH_PPC64LE",     AUDIT_ARCH_PPC64LE },
	{ "SCMP_ARCH_S390",        AUDIT_ARCH_S390 },        { "SCMP_ARCH_S390X",       AUDIT_ARCH_S390X },
	{ "SCMP_ARCH_PARISC",      AUDIT_ARCH_PARISC },      { "SCMP_ARCH_PARISC64",    AUDIT_ARCH_PARISC64 },
	{ "SCMP_ARCH_RISCV64",     AUDIT_ARCH_RISCV64 },     { "SCMP_ARCH_LOONGARCH64", AUDIT_ARCH_LOONGARCH64 },
	{ "SCMP_ARCH_M68K",        AUDIT_ARCH_M68K },        { "SCMP_ARCH_SH",          AUDIT_ARCH_SHEL },
	{ "SCMP_ARCH_SHEB",        AUDIT_ARCH_SH },          { 0 },
};
/* clang-format on */

/* What this machine can run: its own way of calling first, always filtered; any that is neither here nor asked for is
 * killed. */
struct abi {
	uint32_t arch;
	bool narrow;                   /* arguments of 32 bits */
	uint32_t variant, variant_bit; /* a second way of calling under the same arch, told by a bit of the number */
	uint32_t odd_from, odd_to;     /* numbers that say nothing of a call's age */
};

static const struct abi abis[] = {
#if defined __x86_64__
	{ .arch = AUDIT_ARCH_X86_64,
	  .variant = SCMP_ARCH_X32,
	  .variant_bit = 0x40000000,
	  .odd_from = 512,
	  .odd_to = 547 },
	{ .arch = AUDIT_ARCH_I386, .narrow = true, .odd_from = UINT32_MAX },
#elif defined __aarch64__
	{ .arch = AUDIT_ARCH_AARCH64, .odd_from = UINT32_MAX },
	{ .arch = AUDIT_ARCH_ARM, .narrow = true, .odd_from = 0x0f0000, .odd_to = UINT32_MAX },
#else
#error "seccomp: the system call conventions of this machine are not written down here"
#endif
};

/* i386: calls that also, or only, go through socketcall(2) or ipc(2), where their arguments are out of a filter's
 * sight. libseccomp gives a negative number for them.  From socketcall(2), ipc(2) and the kernel's syscall_32.tbl. */
enum { SOCKETCALL = 102, IPC = 117 };

/* clang-format off */
static const struct multiplexed {
	const char *name;
	int direct, through;	/* direct: 0 is none */
	uint64_t call;
} multiplexed[] = {
	{ "socket",      359, SOCKETCALL, 1 },  { "bind",        361, SOCKETCALL, 2 },  { "connect",    362, SOCKETCALL, 3 },
	{ "listen",      363, SOCKETCALL, 4 },  { "accept",      0,   SOCKETCALL, 5 },  { "getsockname", 367, SOCKETCALL, 6 },
	{ "getpeername", 368, SOCKETCALL, 7 },  { "socketpair",  360, SOCKETCALL, 8 },  { "send",       0,   SOCKETCALL, 9 },
	{ "recv",        0,   SOCKETCALL, 10 }, { "sendto",      369, SOCKETCALL, 11 }, { "recvfrom",   371, SOCKETCALL, 12 },
	{ "shutdown",    373, SOCKETCALL, 13 }, { "setsockopt",  366, SOCKETCALL, 14 }, { "getsockopt", 365, SOCKETCALL, 15 },
	{ "sendmsg",     370, SOCKETCALL, 16 }, { "recvmsg",     372, SOCKETCALL, 17 }, { "accept4",    364, SOCKETCALL, 18 },
	{ "recvmmsg",    337, SOCKETCALL, 19 }, { "sendmmsg",    345, SOCKETCALL, 20 },
	{ "semop",       0,   IPC, 1 },         { "semget",      393, IPC, 2 },         { "semctl",     394, IPC, 3 },
	{ "semtimedop",  0,   IPC, 4 },         { "msgsnd",      400, IPC, 11 },        { "msgrcv",     401, IPC, 12 },
	{ "msgget",      399, IPC, 13 },        { "msgctl",      402, IPC, 14 },        { "shmat",      397, IPC, 21 },
	{ "shmdt",       398, IPC, 22 },        { "shmget",      395, IPC, 23 },        { "shmctl",     396, IPC, 24 },
};
/* clang-format on */

/* One rule for one number: all of args hold, and the action is taken; else the next entry of that number is asked. */
struct entry {
	uint32_t number, order, action;
	struct seccomp_arg *const *args;
};

struct entries {
	struct entry *at;
	size_t length;
};

/* What is done for `count` numbers from `from` on: the entries, then the action. */
struct range {
	uint32_t from, action;
	const struct entry *entries;
	size_t count;
};

struct writer {
	struct code code;
	const struct abi *abi;
	uint32_t otherwise; /* the default action */
	struct range *ranges;
	size_t length;
};

/* 1. What the profile says, checked. */

static uint32_t action_with(uint32_t action, const uint32_t *number, const char *key)
{
	bool takes = action == SCMP_ACT_ERRNO(0) || action == SCMP_ACT_TRACE(0);
	uint32_t most = action == SCMP_ACT_TRACE(0) ? UINT16_MAX : LAST_ERRNO;

	if (number && !takes)
		fail("linux.seccomp: %s with %s, which takes none", key, value_word(seccomp_action_names, action));
	if (number && *number > most)
		fail("linux.seccomp: %s %u is above %u", key, *number, most);
	return takes ? action | (number ? *number : EPERM) : action;
}

static bool notifies(const struct seccomp *s)
{
	EACH(r, s->rules)
		if ((*r)->action == SCMP_ACT_NOTIFY)
			return true;
	return s->default_action == SCMP_ACT_NOTIFY;
}

static unsigned flags_of(const struct seccomp *s)
{
	/* SPEC_ALLOW unless the profile has a list: the engines' profiles leave it out, and runc gives them this one.
	 */
	unsigned flags = s->flags ? 0 : SECCOMP_FILTER_FLAG_SPEC_ALLOW;

	EACH(word, s->flags) {
		int64_t flag = word_value(seccomp_flag_names, *word, 0);
		if (!flag)
			fail("linux.seccomp.flags: \"%s\" is not one of %s", *word, known_words(seccomp_flag_names));
		flags |= (unsigned) flag;
	}
	/* Who loads it has one thread, and the kernel does not take both. */
	if (notifies(s))
		flags = (flags | SECCOMP_FILTER_FLAG_NEW_LISTENER) & ~(unsigned) SECCOMP_FILTER_FLAG_TSYNC;
	else if (flags & SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
		fail("linux.seccomp.flags: SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV is for SCMP_ACT_NOTIFY only");
	return flags;
}

static void check_rule(const struct seccomp_rule *r)
{
	if (!count(r->names))
		fail("linux.seccomp.syscalls: an entry without names");
	action_with(r->action, r->errno_ret, "errnoRet");
	EACH(a, r->args)
		if ((*a)->index > 5)
			fail("linux.seccomp: %s: argument %u: a system call has six, from 0", *r->names, (*a)->index);
}

static void check(const struct seccomp *s)
{
	if (s->listener_metadata && !s->listener_path)
		fail("linux.seccomp: listenerMetadata without listenerPath");
	if (notifies(s) && (!s->listener_path || !*s->listener_path))
		fail("linux.seccomp: SCMP_ACT_NOTIFY needs listenerPath: nobody could answer");
	action_with(s->default_action, s->default_errno, "defaultErrnoRet");
	EACH(arch, s->architectures)
		if (!word_value(seccomp_arch_names, *arch, 0))
			fail("linux.seccomp.architectures: \"%s\" is not one of %s", *arch,
			     known_words(seccomp_arch_names));
	EACH(r, s->rules)
		check_rule(*r);
}

/* 2. The entries of one way of calling, by number. */

static void add(struct entries *e, long number, uint32_t action, struct seccomp_arg *const *args)
{
	e->at[e->length] = (struct entry){ (uint32_t) number, (uint32_t) e->length, action, args };
	e->length++;
}

static struct seccomp_arg *const *just(struct seccomp_arg a)
{
	struct seccomp_arg *one = mem(sizeof *one);
	*one = a;
	return append(NULL, one);
}

/* An argument that is asked twice: libseccomp could not combine such conditions, so runc takes each of them for a rule
 * of its own, and profiles are written for that. */
static bool any_asked_twice(struct seccomp_arg *const *args)
{
	unsigned seen = 0;
	EACH(a, args) {
		if (seen & 1U << (*a)->index)
			return true;
		seen |= 1U << (*a)->index;
	}
	return false;
}

static void add_rule(struct entries *e, long number, uint32_t action, struct seccomp_arg *const *args)
{
	if (!any_asked_twice(args))
		return add(e, number, action, args);
	EACH(a, args)
		add(e, number, action, just(**a));
}

static bool lets_pass(uint32_t action) { return action == SCMP_ACT_ALLOW || action == SCMP_ACT_LOG; }

/* Through the multiplexer no argument can be seen: a rule that asks for one counts there when it denies, not when it
 * allows. */
static void add_multiplexed(struct entries *e, const char *name, uint32_t action, struct seccomp_arg *const *args)
{
	for (size_t i = 0; i < LENGTH(multiplexed); i++) {
		const struct multiplexed *m = multiplexed + i;
		if (!same(m->name, name))
			continue;
		if (m->direct)
			add_rule(e, m->direct, action, args);
		if (!count(args) || !lets_pass(action))
			add(e, m->through, action, just((struct seccomp_arg){ .value = m->call, .op = SCMP_CMP_EQ }));
	}
}

static void add_name(struct entries *e, const struct abi *abi, bool variant, const char *name, uint32_t action,
		     struct seccomp_arg *const *args)
{
	int number = seccomp_syscall_resolve_name_arch(abi->arch, name);
	int other = variant ? seccomp_syscall_resolve_name_arch(abi->variant, name) : -1;
	long bare = (uint32_t) other & ~abi->variant_bit;

	if (number == __NR_SCMP_ERROR && abi == abis)
		debug("linux.seccomp: no system call \"%s\" is known here: passed over", name);
	if (number >= 0)
		add_rule(e, number, action, args);
	if (other >= 0 && bare != number)
		add_rule(e, bare, action, args);
	if (abi->arch == AUDIT_ARCH_I386 && number < __NR_SCMP_ERROR)
		add_multiplexed(e, name, action, args);
}

static int by_number(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	return x->number != y->number ? (x->number < y->number ? -1 : 1)
				      : (x->order < y->order ? -1 : x->order > y->order);
}

static struct entries entries_of(const struct seccomp *s, const struct abi *abi, bool variant)
{
	struct entries e = { 0 };
	size_t most = 0;

	EACH(r, s->rules)
		most += count((*r)->names) * 2 * (1 + count((*r)->args));
	e.at = mem((most + 1) * sizeof *e.at);
	EACH(r, s->rules)
		EACH(name, (*r)->names)
			add_name(&e, abi, variant, *name, action_with((*r)->action, (*r)->errno_ret, "errnoRet"),
				 (*r)->args);
	qsort(e.at, e.length, sizeof *e.at, by_number);
	return e;
}

/* 3. Ranges. */

static void add_range(struct writer *w, struct range r)
{
	const struct range *last = w->length ? w->ranges + w->length - 1 : NULL;
	if (last && !last->count && !r.count && last->action == r.action)
		return;
	w->ranges[w->length++] = r;
}

static bool tells_age(const struct abi *abi, uint32_t number) { return number < abi->odd_from || number > abi->odd_to; }

/* The last number that the profile can have known.  A libc tries a newer call first and takes ENOSYS, not EPERM, for
 * "use the old one": what the profile's authors could not know answers that, where it would get an errno anyway. */
static uint32_t newest_of(const struct abi *abi, struct entries e)
{
	uint32_t newest = 0;
	for (size_t i = 0; i < e.length; i++)
		if (tells_age(abi, e.at[i].number))
			newest = e.at[i].number;
	return newest;
}

static uint32_t gap_action(const struct writer *w, uint32_t from, uint32_t newest)
{
	bool is_errno = (w->otherwise & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO;
	return is_errno && from > newest ? SCMP_ACT_ERRNO(ENOSYS) : w->otherwise;
}

/* The entries of one number up to the first that asks nothing. */
static struct range range_of(const struct writer *w, const struct entry *e, size_t length)
{
	struct range r = { .from = e->number, .action = w->otherwise, .entries = e };
	while (r.count < length && count(e[r.count].args))
		r.count++;
	if (r.count < length)
		r.action = e[r.count].action;
	return r;
}

static void ranges_of(struct writer *w, struct entries e)
{
	uint32_t next = 0, newest = newest_of(w->abi, e);
	size_t length;

	w->ranges = mem((2 * e.length + 1) * sizeof *w->ranges);
	w->length = 0;
	for (size_t i = 0; i < e.length; i += length, next = e.at[i - 1].number + 1) {
		for (length = 1; i + length < e.length && e.at[i + length].number == e.at[i].number; length++)
			;
		if (e.at[i].number > next)
			add_range(w, (struct range){ .from = next, .action = gap_action(w, next, newest) });
		add_range(w, range_of(w, e.at + i, length));
	}
	add_range(w, (struct range){ .from = next, .action = gap_action(w, e.length ? next : 0, newest) });
}

/* 4. The program. */

static unsigned write_masked(struct code *c, unsigned at, uint32_t mask, uint32_t value, unsigned yes, unsigned no)
{
	unsigned test = code_if(c, BPF_JEQ, value, yes, no);
	return code_do(c, LOAD, at, code_do(c, BPF_ALU | BPF_AND | BPF_K, mask, test));
}

/* test: BPF_JEQ, or an order, for which the upper word decides unless it is equal. */
static unsigned write_compared(struct writer *w, unsigned at, unsigned test, uint64_t value, unsigned yes, unsigned no)
{
	struct code *c = &w->code;
	uint32_t upper = (uint32_t) (value >> 32);

	unsigned low = code_do(c, LOAD, at, code_if(c, test, (uint32_t) value, yes, no));
	if (w->abi->narrow)
		return low;
	unsigned high = code_if(c, BPF_JEQ, upper, low, no);
	if (test != BPF_JEQ)
		high = code_if(c, BPF_JGT, upper, yes, high);
	return code_do(c, LOAD, at + 4, high); /* both machines are little-endian */
}

static unsigned write_arg(struct writer *w, const struct seccomp_arg *a, unsigned yes, unsigned no)
{
	unsigned at = DATA(args) + 8 * a->index;

	switch (a->op) {
	case SCMP_CMP_EQ: return write_compared(w, at, BPF_JEQ, a->value, yes, no);
	case SCMP_CMP_NE: return write_compared(w, at, BPF_JEQ, a->value, no, yes);
	case SCMP_CMP_GE: return write_compared(w, at, BPF_JGE, a->value, yes, no);
	case SCMP_CMP_LT: return write_compared(w, at, BPF_JGE, a->value, no, yes);
	case SCMP_CMP_GT: return write_compared(w, at, BPF_JGT, a->value, yes, no);
	case SCMP_CMP_LE: return write_compared(w, at, BPF_JGT, a->value, no, yes);
	}
	/* SCMP_CMP_MASKED_EQ: value is the mask */
	yes = write_masked(&w->code, at, (uint32_t) a->value, (uint32_t) a->value_two, yes, no);
	if (w->abi->narrow || !((a->value | a->value_two) >> 32))
		return yes;
	return write_masked(&w->code, at + 4, (uint32_t) (a->value >> 32), (uint32_t) (a->value_two >> 32), yes, no);
}

static unsigned write_range(struct writer *w, const struct range *r)
{
	unsigned next = code_return(&w->code, r->action);

	for (size_t i = r->count; i-- > 0;) {
		unsigned holds = code_return(&w->code, r->entries[i].action);
		for (size_t a = count(r->entries[i].args); a-- > 0;)
			holds = write_arg(w, r->entries[i].args[a], holds, next);
		next = holds;
	}
	return next;
}

static unsigned write_search(struct writer *w, const struct range *ranges, size_t length)
{
	if (length == 1)
		return write_range(w, ranges);
	size_t half = length / 2;
	unsigned upper = write_search(w, ranges + half, length - half);
	unsigned lower = write_search(w, ranges, half);
	return code_if(&w->code, BPF_JGE, ranges[half].from, upper, lower);
}

/* A machine with two ways of calling under one arch: the numbers of the second are those of the first and some odd
 * ones, so one search does for both, and without leave the second is a foreign arch.  -1 is a call that a tracer took
 * away. */
static unsigned write_variant(struct writer *w, bool variant, unsigned search)
{
	uint32_t bit = w->abi->variant_bit;

	if (variant)
		return code_do(&w->code, BPF_ALU | BPF_AND | BPF_K, ~bit, search);
	if (!bit)
		return search;
	unsigned foreign = code_return(&w->code, SCMP_ACT_KILL), none = code_return(&w->code, w->otherwise);
	foreign = code_if(&w->code, BPF_JEQ, UINT32_MAX, none, foreign);
	return code_if(&w->code, BPF_JGE, bit, foreign, search);
}

static bool asked_for(const struct seccomp *s, int64_t arch)
{
	EACH(word, s->architectures)
		if (arch && word_value(seccomp_arch_names, *word, 0) == arch)
			return true;
	return false;
}

/* Its rules; `other` is where a call of another arch goes. */
static unsigned write_abi(struct writer *w, const struct seccomp *s, const struct abi *abi, unsigned other)
{
	bool variant = asked_for(s, abi->variant);

	w->abi = abi;
	ranges_of(w, entries_of(s, abi, variant));
	unsigned search = write_variant(w, variant, write_search(w, w->ranges, w->length));
	search = code_do(&w->code, LOAD, DATA(nr), search);
	return code_if(&w->code, BPF_JEQ, abi->arch, search, other);
}

const struct filter *seccomp_compile(const struct seccomp *s)
{
	if (!s)
		return NULL;
	check(s);
	struct writer *w = mem(sizeof *w);
	struct filter *f = mem(sizeof *f);

	w->otherwise = action_with(s->default_action, s->default_errno, "defaultErrnoRet");
	unsigned next = code_return(&w->code, SCMP_ACT_KILL);
	for (size_t i = LENGTH(abis); i-- > 0;)
		if (!i || asked_for(s, abis[i].arch))
			next = write_abi(w, s, abis + i, next);
	code_do(&w->code, LOAD, DATA(arch), next);
	*f = (struct filter){ code_begin(&w->code), w->code.length, flags_of(s) };
	return f;
}

/* seccomp(2): with a filter at NULL a flag that is known comes as far as EFAULT. */
const char **seccomp_flags_supported(void)
{
	const char **list = NULL;
	for (const struct name *flag = seccomp_flag_names; flag->word; flag++) {
		unsigned long with = (unsigned long) flag->value;
		if (with == SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV) /* it belongs to a listener */
			with |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
		if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, with, NULL) < 0 && errno == EFAULT)
			list = append(list, flag->word);
	}
	return list;
}

const char *seccomp_library(void)
{
	const struct scmp_version *v = seccomp_version();
	return fmt("%u.%u.%u", v->major, v->minor, v->micro);
}
