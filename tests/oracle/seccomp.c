/* What bivy's seccomp filters say, against what libseccomp's say of the same profile.  TAP.
 *
 *	build/oracle/seccomp PROFILE... [-- PROFILE...]
 *
 * Both programs run here, over every number of each ABI and of one foreign ABI, with arguments at and beside each value
 * that the profile names: one test for each profile.  Then each decision in bivy's program is turned round, which must
 * not go unnoticed: another test.  Behind -- are profiles for which there is no second one, because some of their
 * decisions make no difference: a rule that never holds, or does what is done anyway.
 * libseccomp's is made as runc 1.1 does it: a rule for each name, none for what is done anyway, and one for each
 * condition where an argument is asked twice.
 *
 * bivy differs on purpose.  What is expected there is no less exact:
 *
 * - Order.  Where rules with different actions hold for the same call, the first one in the profile counts; in
 *   libseccomp the one without arguments, or the one that came out first.  Expected: each rule is asked of a libseccomp
 *   filter of its own, in the order of the profile.
 * - Age.  Where the default is an errno, a call that nobody names and whose number is above all named ones gets ENOSYS.
 *   Only x32's numbers 512 to 547 say nothing of a call's age.
 * - x32, where it is in the profile.  A number is what either table calls it, with the bit of x32 or without, and gets
 *   what the x86_64 call of that name gets.  libseccomp gives the default to 13 with the bit, which only x86_64 has,
 *and to 514 without, which only x32 has.
 * - i386's socketcall(2) and ipc(2).  A rule that asks for arguments, which a filter cannot see there, counts when it
 *   denies, and does not when it allows.  libseccomp lets the call's number take the place of argument 0. */
#include "sys/seccomp.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/config.h"
#include "json/field.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
	X32_BIT = 0x40000000,
	X32_FIRST = 512,
	X32_LAST = 547,
	NUMBERS = 700, /* of calls that are tried; no table is as long */
	SOCKETCALL = 102,
	IPC = 117,
	PICKS = 40,   /* for a value of the profile, arguments taken at random */
	TOLD = 5,     /* differences that are put into words */
	SILENT = 4242 /* what a tracer is told by a filter of one rule that does not hold */
};

static const uint32_t arches[] = { AUDIT_ARCH_X86_64, AUDIT_ARCH_I386, AUDIT_ARCH_ARM };
#define ARCHES (sizeof arches / sizeof *arches)

/* One number of one ABI. */
struct call {
	size_t abi;
	uint32_t number;
	int alias; /* the number that libseccomp is asked for */
	bool newer, takes_arguments;
	struct seccomp_rule **asking; /* the rules that name it and ask for arguments */
};

struct oracle {
	const struct seccomp *profile;
	const struct filter *own, *whole, **single; /* single: for each rule of the profile */
	uint32_t otherwise;
	bool asked[ARCHES], x32;
	int64_t newest[ARCHES]; /* -1: no name is a call there */
	struct call *calls;
	size_t n_calls;
	uint64_t *values;
	size_t n_values;
};

/* ---- a filter's answer ---- */

static _Noreturn void bail_out(const char *why, unsigned at)
{
	printf("Bail out! %s %u\n", why, at);
	exit(1);
}

static bool jumps(const struct sock_filter *i, uint32_t a)
{
	switch (BPF_OP(i->code)) {
	case BPF_JEQ: return a == i->k;
	case BPF_JGT: return a > i->k;
	case BPF_JGE: return a >= i->k;
	case BPF_JSET: return a & i->k;
	}
	bail_out("an unknown jump", i->code);
}

/* Classic BPF as far as either of the two writes it. */
static uint32_t answer(const struct filter *f, const struct seccomp_data *data)
{
	uint32_t a = 0;

	for (unsigned at = 0; at < f->length; at++) {
		const struct sock_filter *i = f->code + at;
		if (i->code == (BPF_RET | BPF_K))
			return i->k;
		if (i->code == (BPF_LD | BPF_W | BPF_ABS) && i->k % 4 == 0 && i->k < sizeof *data)
			memcpy(&a, (const char *) data + i->k, sizeof a);
		else if (i->code == (BPF_ALU | BPF_AND | BPF_K))
			a &= i->k;
		else if (i->code == (BPF_JMP | BPF_JA))
			at += i->k;
		else if (BPF_CLASS(i->code) == BPF_JMP && BPF_SRC(i->code) == BPF_K)
			at += jumps(i, a) ? i->jt : i->jf;
		else
			bail_out("an unknown instruction at", at);
	}
	bail_out("a program ran off its end after", f->length);
}

/* ---- libseccomp's filters ---- */

static uint32_t action_with(uint32_t action, const uint32_t *number)
{
	bool takes = action == SCMP_ACT_ERRNO(0) || action == SCMP_ACT_TRACE(0);
	return takes ? action | (number ? *number : EPERM) : action;
}

static bool asks_twice(const struct seccomp_rule *r)
{
	unsigned seen = 0;
	EACH(a, r->args) {
		if (seen & 1U << (*a)->index)
			return true;
		seen |= 1U << (*a)->index;
	}
	return false;
}

static void add(scmp_filter_ctx lib, uint32_t action, const char *name, unsigned n, const struct scmp_arg_cmp *args)
{
	int e = seccomp_rule_add_array(lib, action, seccomp_syscall_resolve_name(name), n, args);
	if (e && e != -EEXIST) /* a call of the same number has that rule */
		bail_out(fmt("libseccomp does not take a rule for %s:", name), (unsigned) -e);
}

static void add_rule(scmp_filter_ctx lib, const struct seccomp_rule *r, uint32_t otherwise)
{
	uint32_t action = action_with(r->action, r->errno_ret);
	struct scmp_arg_cmp *args = mem((count(r->args) + 1) * sizeof *args);
	unsigned n = 0;

	EACH(a, r->args)
		args[n++] =
			(struct scmp_arg_cmp){ (*a)->index, (enum scmp_compare)(*a)->op, (*a)->value, (*a)->value_two };
	EACH(name, r->names) {
		if (action == otherwise || seccomp_syscall_resolve_name(*name) == __NR_SCMP_ERROR)
			continue;
		if (!asks_twice(r))
			add(lib, action, *name, n, args);
		for (unsigned i = 0; i < n && asks_twice(r); i++)
			add(lib, action, *name, 1, args + i);
	}
}

static const struct filter *exported(scmp_filter_ctx lib)
{
	int fd = memfd_create("bpf", MFD_CLOEXEC);
	if (fd < 0 || seccomp_export_bpf(lib, fd) < 0)
		bail_out("libseccomp does not give its program", 0);
	size_t size = (size_t) lseek(fd, 0, SEEK_END);
	struct sock_filter *code = mem(size);
	if (pread(fd, code, size, 0) != (ssize_t) size)
		bail_out("libseccomp's program cannot be read", 0);
	close(fd);
	seccomp_release(lib);

	struct filter *f = mem(sizeof *f);
	*f = (struct filter){ .code = code, .length = (unsigned) (size / sizeof *code) };
	return f;
}

static const struct filter *lib_filter(const struct oracle *o, struct seccomp_rule *const *rules, uint32_t otherwise)
{
	scmp_filter_ctx lib = seccomp_init(otherwise);

	if (o->asked[1])
		seccomp_arch_add(lib, SCMP_ARCH_X86);
	if (o->x32)
		seccomp_arch_add(lib, SCMP_ARCH_X32);
	EACH(r, rules)
		add_rule(lib, *r, otherwise);
	return exported(lib);
}

/* ---- what the profile calls a number ---- */

static const char *lib_name(uint32_t arch, int number)
{
	char *name = number == __NR_SCMP_ERROR ? NULL : seccomp_syscall_resolve_num_arch(arch, number);
	const char *copy = name ? text(name) : NULL;
	free(name);
	return copy;
}

static const char *name_of(const struct oracle *o, size_t abi, uint32_t number)
{
	const char *name = number < NUMBERS ? lib_name(arches[abi], (int) number) : NULL;
	if (!name && abi == 0 && o->x32 && number < NUMBERS)
		name = lib_name(SCMP_ARCH_X32, (int) number | X32_BIT);
	return name;
}

static bool is_named(const struct oracle *o, const char *name)
{
	EACH(r, o->profile->rules)
		if (name && contains_word((*r)->names, name))
			return true;
	return false;
}

/* Which call goes through socketcall(2) or ipc(2); libseccomp numbers them from -101 and from -201 down. */
static const char *called_through(uint32_t number, uint64_t call)
{
	if ((number != SOCKETCALL && number != IPC) || !call || call >= 100)
		return NULL;
	return lib_name(SCMP_ARCH_X86, -(number == SOCKETCALL ? 100 : 200) - (int) call);
}

/* The highest number of a call that has a name in the profile, or that is the way to one. */
static int64_t newest_of(const struct oracle *o, size_t abi)
{
	int64_t newest = -1;

	for (uint32_t n = 0; n < NUMBERS; n++)
		if ((abi != 0 || n < X32_FIRST || n > X32_LAST) && is_named(o, name_of(o, abi, n)))
			newest = n;
	for (int call = 1; abi == 1 && call < 100; call++) {
		if (newest < SOCKETCALL && is_named(o, called_through(SOCKETCALL, (uint64_t) call)))
			newest = SOCKETCALL;
		if (newest < IPC && is_named(o, called_through(IPC, (uint64_t) call)))
			newest = IPC;
	}
	return newest;
}

/* ---- what is expected ---- */

static bool is_errno(uint32_t action) { return (action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO; }

static struct call call_of(const struct oracle *o, size_t abi, uint32_t number)
{
	struct call c = { .abi = abi, .number = number, .alias = (int) number };
	uint32_t bare = abi == 0 && o->x32 ? number & ~(uint32_t) X32_BIT : number;
	const char *name = name_of(o, abi, bare);
	bool foreign = abi == 0 && !o->x32 && number >= X32_BIT; /* x32's, or -1: a tracer took the call away */

	EACH(r, o->profile->rules)
		if (name && count((*r)->args) && contains_word((*r)->names, name))
			c.asking = append(c.asking, *r);
	c.takes_arguments = c.asking || (abi == 1 && (number == SOCKETCALL || number == IPC));
	c.newer = o->asked[abi] && o->newest[abi] >= 0 && bare > o->newest[abi] && !is_named(o, name) && !foreign &&
		  is_errno(o->otherwise);
	if (abi == 0 && o->x32)
		c.alias = name ? seccomp_syscall_resolve_name_arch(SCMP_ARCH_X86_64, name) : (int) bare;
	return c;
}

static bool lets_pass(uint32_t action) { return action == SCMP_ACT_ALLOW || action == SCMP_ACT_LOG; }

/* disputed: libseccomp, asked for the whole profile at once, may say something else. */
static uint32_t by_rules(const struct oracle *o, const struct seccomp_data *d, bool *disputed)
{
	const char *through = d->arch == AUDIT_ARCH_I386 ? called_through((uint32_t) d->nr, d->args[0]) : NULL;
	uint32_t first = SCMP_ACT_TRACE(SILENT);

	*disputed = false;
	for (size_t i = 0; i < count(o->profile->rules); i++) {
		const struct seccomp_rule *r = o->profile->rules[i];
		uint32_t said = answer(o->single[i], d);
		if (through && count(r->args) && contains_word(r->names, through) && o->asked[1]) {
			said = lets_pass(r->action) ? SCMP_ACT_TRACE(SILENT) : action_with(r->action, r->errno_ret);
			*disputed = true;
		}
		if (said == SCMP_ACT_TRACE(SILENT) || said == first)
			continue;
		*disputed |= first != SCMP_ACT_TRACE(SILENT);
		if (first == SCMP_ACT_TRACE(SILENT))
			first = said;
	}
	return first == SCMP_ACT_TRACE(SILENT) ? o->otherwise : first;
}

static uint32_t expected(const struct oracle *o, const struct call *c, struct seccomp_data d)
{
	bool disputed;

	if (c->newer)
		return SCMP_ACT_ERRNO(ENOSYS);
	d.nr = c->alias;
	uint32_t ruled = by_rules(o, &d, &disputed);
	return disputed ? ruled : answer(o->whole, &d);
}

/* ---- the calls that are tried ---- */

static void value(struct oracle *o, uint64_t v)
{
	for (size_t i = 0; i < o->n_values; i++)
		if (o->values[i] == v)
			return;
	o->values[o->n_values++] = v;
}

/* The ends, and each value of the profile with its neighbours, with and without a bit of the upper word changed. */
static void collect_values(struct oracle *o)
{
	size_t n = 5;

	EACH(r, o->profile->rules)
		n += count((*r)->args) * 12;
	o->values = mem(n * sizeof *o->values);
	for (unsigned i = 0; i < 5; i++)
		value(o, ((const uint64_t[]){ 0, 1, UINT32_MAX, 1ULL << 32, UINT64_MAX })[i]);
	EACH(r, o->profile->rules)
		EACH(a, (*r)->args)
			for (uint64_t by = 0; by < 3; by++) {
				value(o, (*a)->value + by - 1);
				value(o, ((*a)->value + by - 1) ^ 1ULL << 33);
				value(o, (*a)->value_two + by - 1);
				value(o, ((*a)->value_two + by - 1) ^ 1ULL << 33);
			}
}

static void collect_calls(struct oracle *o)
{
	o->calls = mem(ARCHES * (2 * NUMBERS + 1) * sizeof *o->calls);
	for (size_t abi = 0; abi < ARCHES; abi++) {
		for (uint32_t n = 0; n < NUMBERS; n++) {
			o->calls[o->n_calls++] = call_of(o, abi, n);
			o->calls[o->n_calls++] = call_of(o, abi, n | X32_BIT);
		}
		o->calls[o->n_calls++] = call_of(o, abi, UINT32_MAX);
	}
}

/* Most often v. */
static uint64_t near(uint64_t v)
{
	switch (random() % 8) {
	case 0: return v - 1;
	case 1: return v + 1;
	case 2: return v ^ 1ULL << 33;
	}
	return v;
}

/* What the rule asks for, or just not. */
static void aim(const struct seccomp_rule *r, struct seccomp_data *d)
{
	EACH(a, r->args)
		if ((*a)->op == SCMP_CMP_MASKED_EQ)
			d->args[(*a)->index] = near((*a)->value_two) | ((uint64_t) random() << 20 & ~(*a)->value);
		else
			d->args[(*a)->index] = near((*a)->value);
}

/* First each value in all places, then at random, every other time as a rule wants it. */
static void fill(const struct oracle *o, const struct call *c, size_t round, struct seccomp_data *d)
{
	for (unsigned i = 0; i < 6; i++)
		d->args[i] = o->values[round < o->n_values ? round : (size_t) random() % o->n_values];
	if (c->asking && round >= o->n_values && round % 2)
		aim(c->asking[(size_t) random() % count(c->asking)], d);
	for (unsigned i = 0; i < 6 && arches[c->abi] != AUDIT_ARCH_X86_64; i++)
		d->args[i] &= UINT32_MAX; /* registers of 32 bits */
	if (c->abi == 1 && (c->number == SOCKETCALL || c->number == IPC))
		d->args[0] = round % 32; /* the call that it stands for */
}

static void tell(const struct call *c, const struct seccomp_data *d, uint32_t own, uint32_t wanted)
{
	printf("# arch %#x call %u (", d->arch, c->number);
	for (unsigned i = 0; i < 6; i++)
		printf("%s%#" PRIx64, i ? ", " : "", (uint64_t) d->args[i]);
	printf("): %#x instead of %#x\n", own, wanted);
}

/* How many differences there are for one number; with until_one, whether. */
static size_t compare_call(const struct oracle *o, const struct call *c, bool until_one, size_t told)
{
	struct seccomp_data d = { .nr = (int) c->number, .arch = arches[c->abi] };
	size_t rounds = c->takes_arguments ? PICKS * o->n_values : 4, found = 0;

	for (size_t i = 0; i < rounds && !(found && until_one); i++) {
		fill(o, c, i, &d);
		uint32_t own = answer(o->own, &d), wanted = expected(o, c, d);
		if (own == wanted)
			continue;
		if (!until_one && told + found < TOLD)
			tell(c, &d, own, wanted);
		found++;
	}
	return found;
}

static size_t compare(const struct oracle *o, bool until_one)
{
	size_t found = 0;

	for (size_t i = 0; i < o->n_calls && !(found && until_one); i++)
		found += compare_call(o, o->calls + i, until_one, found);
	return found;
}

/* ---- one profile ---- */

static struct oracle *oracle_of(const char *file)
{
	struct oracle *o = mem(sizeof *o);
	const struct seccomp *s = o->profile = json_read(file, read_whole(AT_FDCWD, file), &seccomp_type);

	o->otherwise = action_with(s->default_action, s->default_errno);
	o->asked[0] = true;
	o->asked[1] = contains_word(s->architectures, "SCMP_ARCH_X86");
	o->x32 = contains_word(s->architectures, "SCMP_ARCH_X32");
	o->own = seccomp_compile(s);
	o->whole = lib_filter(o, s->rules, o->otherwise);
	o->single = mem((count(s->rules) + 1) * sizeof *o->single);
	for (size_t i = 0; i < count(s->rules); i++)
		o->single[i] = lib_filter(o, (struct seccomp_rule *[]){ s->rules[i], NULL }, SCMP_ACT_TRACE(SILENT));
	for (size_t abi = 0; abi < ARCHES; abi++)
		o->newest[abi] = newest_of(o, abi);
	collect_calls(o);
	collect_values(o);
	return o;
}

/* How many decisions of bivy's program can be turned round with nobody noticing. */
static size_t unnoticed(const struct oracle *o)
{
	const struct filter *own = o->own;
	size_t size = own->length * sizeof *own->code, missed = 0;
	struct sock_filter *code = mem(size);
	struct filter spoilt = { .code = code, .length = own->length };
	struct oracle other = *o;

	memcpy(code, own->code, size);
	other.own = &spoilt;
	for (unsigned i = 0; i < own->length; i++) {
		if (BPF_CLASS(code[i].code) != BPF_JMP || BPF_OP(code[i].code) == BPF_JA)
			continue;
		code[i].jt = own->code[i].jf;
		code[i].jf = own->code[i].jt;
		if (!compare(&other, true)) {
			printf("# instruction %u, a comparison with %#x\n", i, code[i].k);
			missed++;
		}
		code[i] = own->code[i];
	}
	return missed;
}

/* Gives how many tests failed. */
static int report(unsigned test, const char *name, const char *what, bool ok)
{
	printf("%sok %u - %s: %s\n", ok ? "" : "not ", test, name, what);
	return !ok;
}

int main(int argc, char **argv)
{
	unsigned tests = 0;
	int failed = 0;
	bool spoils = true;

#ifndef __x86_64__
	puts("1..0 # SKIP the numbers tried here are those of x86_64 and what runs beside it");
	return 0;
#endif
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = 1; i < argc; i++) {
		if (same(argv[i], "--")) {
			spoils = false;
			continue;
		}
		struct oracle *o = oracle_of(argv[i]);
		failed += report(++tests, base_name(argv[i]), "the answers are libseccomp's", !compare(o, false));
		if (spoils)
			failed += report(++tests, base_name(argv[i]), "a wrong decision is noticed", !unnoticed(o));
	}
	printf("1..%u\n", tests);
	return failed > 0;
}
