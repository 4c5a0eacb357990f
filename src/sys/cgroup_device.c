/* Which devices the processes of a cgroup may make and open: an allow-list that starts from "deny all", where a later
 *rule goes before an earlier one.  Runs in HOST.  Version 1 keeps such a list itself; for version 2 it becomes a BPF
 *program that the kernel asks.
 *
 * The program (bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE) goes through the rules from the last to the first.  A request may
 *be for several kinds of access at once, and different rules may decide about each, so it keeps what has not been
 *granted yet in r3:
 *	r2 kind, r3 access left, r4 major, r5 minor;	allow: r3 &= ~rule, granted when nothing is left;  deny: refused
 *if r3 & rule Neighbours that say the same (all allow, or all deny) commute: they are sorted, so that kind and major
 *are compared once a group. */
#include "sys/cgroup.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/bpf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define JSON     "linux.resources.devices"
#define ANY      (-1)
#define EVERY    (BPF_DEVCG_ACC_MKNOD | BPF_DEVCG_ACC_READ | BPF_DEVCG_ACC_WRITE)
#define OUR_NAME "bivy_devices" /* how an update knows the program of an earlier call */

struct rule {
	bool allow;
	int kind;                 /* BPF_DEVCG_DEV_*, ANY */
	int major, minor, access; /* ANY; access: BPF_DEVCG_ACC_* */
};

struct rules {
	bool otherwise; /* what holds where no rule matches */
	struct rule *at;
	size_t n;
};

/* ---- the rules ---- */

static int access_of(const char *letters, size_t index)
{
	static const struct {
		char letter;
		int bit;
	} known[] = { { 'r', BPF_DEVCG_ACC_READ }, { 'w', BPF_DEVCG_ACC_WRITE }, { 'm', BPF_DEVCG_ACC_MKNOD } };
	int bits = 0;

	if (!letters || !*letters)
		return EVERY;
	for (const char *c = letters; *c; c++) {
		int bit = 0;
		for (size_t i = 0; i < sizeof known / sizeof *known; i++)
			bit |= known[i].letter == *c ? known[i].bit : 0;
		if (!bit)
			fail(JSON "[%zu].access: \"%s\" is not of the letters r, w and m", index, letters);
		bits |= bit;
	}
	return bits;
}

static int number_of(const int64_t *n, const char *name, size_t index)
{
	if (!n || *n < 0)
		return ANY;
	if (*n > INT32_MAX)
		fail(JSON "[%zu].%s: %" PRId64 " is no device number", index, name, *n);
	return (int) *n;
}

static struct rule rule_of(const struct device_rule *from, size_t index)
{
	struct rule r = { .allow = from->allow, .kind = ANY };
	if (from->kind == 'b')
		r.kind = BPF_DEVCG_DEV_BLOCK;
	else if (from->kind == 'c' || from->kind == 'u')
		r.kind = BPF_DEVCG_DEV_CHAR;
	else if (from->kind && from->kind != 'a')
		fail(JSON "[%zu].type: \"%c\" is not a, b or c", index, from->kind);
	r.major = number_of(from->major, "major", index);
	r.minor = number_of(from->minor, "minor", index);
	r.access = access_of(from->access, index);
	return r;
}

static bool matches_all(const struct rule *r)
{
	return r->kind == ANY && r->major == ANY && r->minor == ANY && r->access == EVERY;
}

/* A rule that matches everything leaves nothing to those before it; without an exception after it nothing but it is
 * left. */
static struct rules rules_of(struct device_rule *const *list)
{
	struct rules rules = { .at = mem((count(list) + 1) * sizeof(struct rule)) };
	bool exceptions = false;

	for (size_t i = 0; list[i]; i++) {
		struct rule r = rule_of(list[i], i);
		if (matches_all(&r)) {
			rules.otherwise = r.allow;
			rules.n = 0;
			exceptions = false;
			continue;
		}
		exceptions |= r.allow != rules.otherwise;
		rules.at[rules.n++] = r;
	}
	if (!exceptions)
		rules.n = 0;
	return rules;
}

/* ---- version 1 ---- */

static const char *number_word(int n) { return n == ANY ? "*" : fmt("%d", n); }

static int try_write_rule(const char *dir, const struct rule *r, char kind)
{
	const char *access =
		fmt("%s%s%s", r->access & BPF_DEVCG_ACC_READ ? "r" : "", r->access & BPF_DEVCG_ACC_WRITE ? "w" : "",
		    r->access & BPF_DEVCG_ACC_MKNOD ? "m" : "");
	const char *words = fmt("%c %s:%s %s", kind, number_word(r->major), number_word(r->minor), access);
	const char *file = fmt("%s/devices.%s", dir, r->allow ? "allow" : "deny");
	if (!try_write_file(AT_FDCWD, file, words))
		return 0;
	if (errno != EPERM && errno != EACCES)
		fail_sys(JSON ": write \"%s\" to %s", words, file);
	return -1;
}

/* The kernel takes "a" for everything, whatever follows it: a rule for both kinds that is narrower has to be two. */
static int try_list(const char *dir, const struct rules *rules)
{
	const char *now = try_read_whole(AT_FDCWD, fmt("%s/devices.list", dir));
	struct rule all = { rules->otherwise, ANY, ANY, ANY, EVERY };

	if (!(rules->otherwise && now && same(trim(now), "a *:* rwm")) && try_write_rule(dir, &all, 'a') < 0)
		return -1;
	for (const struct rule *r = rules->at; r < rules->at + rules->n; r++) {
		if (r->kind != BPF_DEVCG_DEV_BLOCK && try_write_rule(dir, r, 'c') < 0)
			return -1;
		if (r->kind != BPF_DEVCG_DEV_CHAR && try_write_rule(dir, r, 'b') < 0)
			return -1;
	}
	return 0;
}

/* ---- version 2: the program ---- */

enum { KIND = BPF_REG_2, LEFT, MAJOR, MINOR };
enum { TO_ALLOW = -1, TO_DENY = -2 }; /* jumps whose distance is known at the end only */

struct code {
	struct bpf_insn *at;
	size_t n;
};

static void emit(struct code *c, int op, int to, int from, int jump, int value)
{
	c->at[c->n++] = (struct bpf_insn){
		.code = (uint8_t) op, .dst_reg = to & 15, .src_reg = from & 15, .off = (int16_t) jump, .imm = value
	};
}

static size_t emit_unless(struct code *c, int reg, int value)
{
	emit(c, BPF_JMP | BPF_JNE | BPF_K, reg, 0, 0, value);
	return c->n - 1;
}

static void jump_here(struct code *c, size_t from) { c->at[from].off = (int16_t) (c->n - from - 1); }

static int target(const struct rule *r) { return r->allow ? TO_ALLOW : TO_DENY; }

/* Kind and major have been compared. */
static void emit_rule(struct code *c, const struct rule *r)
{
	if (r->access == EVERY) { /* and so for one minor only: see the callers */
		emit(c, BPF_JMP | BPF_JEQ | BPF_K, MINOR, 0, target(r), r->minor);
		return;
	}
	size_t skip = r->minor == ANY ? 0 : emit_unless(c, MINOR, r->minor);
	if (r->allow) {
		emit(c, BPF_ALU64 | BPF_AND | BPF_K, LEFT, 0, 0, ~r->access);
		emit(c, BPF_JMP | BPF_JEQ | BPF_K, LEFT, 0, TO_ALLOW, 0);
	} else {
		emit(c, BPF_JMP | BPF_JSET | BPF_K, LEFT, 0, TO_DENY, r->access);
	}
	if (r->minor != ANY)
		jump_here(c, skip);
}

static bool whole(const struct rule *r) { return r->minor == ANY && r->access == EVERY; }

/* Rules of one kind and one major.  After one that is for all of them nothing may follow: the kernel refuses dead code.
 */
static void emit_major(struct code *c, const struct rule *r, const struct rule *end)
{
	if (r->major != ANY && whole(r)) {
		emit(c, BPF_JMP | BPF_JEQ | BPF_K, MAJOR, 0, target(r), r->major);
		return;
	}
	size_t skip = r->major == ANY ? 0 : emit_unless(c, MAJOR, r->major);
	for (const struct rule *each = r; each < end; each++)
		emit_rule(c, each);
	if (r->major != ANY)
		jump_here(c, skip);
}

static void emit_kind(struct code *c, const struct rule *r, const struct rule *end)
{
	if (r->kind != ANY && r->major == ANY && whole(r)) {
		emit(c, BPF_JMP | BPF_JEQ | BPF_K, KIND, 0, target(r), r->kind);
		return;
	}
	size_t skip = r->kind == ANY ? 0 : emit_unless(c, KIND, r->kind);
	for (const struct rule *from = r, *to = r; from < end; from = to) {
		while (to < end && to->major == from->major)
			to++;
		emit_major(c, from, to);
	}
	if (r->kind != ANY)
		jump_here(c, skip);
}

/* What is wider comes first. */
static int compare(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;
	if (x->kind != y->kind)
		return x->kind == ANY || y->kind == ANY ? x->kind - y->kind : y->kind - x->kind;
	if (x->major != y->major)
		return x->major < y->major ? -1 : 1;
	if (x->minor != y->minor)
		return x->minor < y->minor ? -1 : 1;
	return y->access - x->access;
}

/* Rules that all allow, or all deny. */
static void emit_run(struct code *c, struct rule *run, size_t n)
{
	qsort(run, n, sizeof *run, compare);
	for (const struct rule *from = run, *to = run, *end = run + n; from < end; from = to) {
		while (to < end && to->kind == from->kind)
			to++;
		emit_kind(c, from, to);
	}
}

static size_t emit_answer(struct code *c, bool allow)
{
	emit(c, BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_0, 0, 0, allow);
	emit(c, BPF_JMP | BPF_EXIT, 0, 0, 0, 0);
	return c->n - 2;
}

/* The answer that no rule asks for would be dead code again. */
static void emit_end(struct code *c, bool otherwise)
{
	const int other = otherwise ? TO_DENY : TO_ALLOW;
	size_t rules = c->n, base = emit_answer(c, otherwise), exception = 0;

	for (size_t i = 0; i < rules; i++)
		if (c->at[i].off == other && !exception)
			exception = emit_answer(c, !otherwise);
	for (size_t i = 0; i < rules; i++)
		if (c->at[i].off < 0)
			c->at[i].off = (int16_t) ((c->at[i].off == other ? exception : base) - i - 1);
}

static struct code program_of(const struct rules *rules)
{
	struct code c = { .at = mem((16 + 6 * rules->n) * sizeof(struct bpf_insn)) };
	const int word = BPF_LDX | BPF_MEM | BPF_W;

	if (rules->n) {
		emit(&c, word, KIND, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, access_type), 0);
		emit(&c, BPF_ALU64 | BPF_MOV | BPF_X, LEFT, KIND, 0, 0);
		emit(&c, BPF_ALU64 | BPF_RSH | BPF_K, LEFT, 0, 0, 16);
		emit(&c, BPF_ALU64 | BPF_AND | BPF_K, KIND, 0, 0, 0xffff);
		emit(&c, word, MAJOR, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, major), 0);
		emit(&c, word, MINOR, BPF_REG_1, offsetof(struct bpf_cgroup_dev_ctx, minor), 0);
	}
	for (size_t end = rules->n, from = end; end; end = from) {
		while (from && rules->at[from - 1].allow == rules->at[end - 1].allow)
			from--;
		emit_run(&c, rules->at + from, end - from);
	}
	emit_end(&c, rules->otherwise);
	return c;
}

/* ---- version 2: the kernel ---- */

static int try_bpf(int command, union bpf_attr *attr) { return (int) syscall(SYS_bpf, command, attr, sizeof *attr); }

static int try_load(const struct code *code)
{
	union bpf_attr attr = { .prog_type = BPF_PROG_TYPE_CGROUP_DEVICE,
				.insns = (uintptr_t) code->at,
				.insn_cnt = (uint32_t) code->n,
				.license = (uintptr_t) "Apache-2.0" };
	memcpy(attr.prog_name, OUR_NAME, sizeof OUR_NAME);

	int fd = try_bpf(BPF_PROG_LOAD, &attr);
	if (fd >= 0 || errno != EPERM)
		return fd;
	/* Before Linux 5.11 programs count as locked memory, of which there may be 64 KiB; the container's limit is set
	 * elsewhere. */
	struct rlimit before;
	if (getrlimit(RLIMIT_MEMLOCK, &before) < 0 ||
	    setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){ RLIM_INFINITY, RLIM_INFINITY }) < 0)
		return errno = EPERM, -1;
	fd = try_bpf(BPF_PROG_LOAD, &attr);
	int error = errno;
	setrlimit(RLIMIT_MEMLOCK, &before);
	errno = error;
	return fd;
}

static bool is_ours(int program)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { .info = { (uint32_t) program, sizeof info, (uintptr_t) &info } };
	return !try_bpf(BPF_OBJ_GET_INFO_BY_FD, &attr) && !strcmp(info.name, OUR_NAME);
}

/* The program that an earlier call attached; -1: none.  Others may be there: systemd attaches its own. */
static int find_ours(int dir)
{
	uint32_t ids[64] = { 0 };
	union bpf_attr query = { 0 };
	query.query.target_fd = (uint32_t) dir;
	query.query.attach_type = BPF_CGROUP_DEVICE;
	query.query.prog_ids = (uintptr_t) ids;
	query.query.prog_cnt = sizeof ids / sizeof *ids;
	if (try_bpf(BPF_PROG_QUERY, &query) < 0)
		return -1;
	for (uint32_t i = 0; i < query.query.prog_cnt; i++) {
		union bpf_attr by_id = { .prog_id = ids[i] };
		int fd = try_bpf(BPF_PROG_GET_FD_BY_ID, &by_id);
		if (fd >= 0 && is_ours(fd))
			return fd;
		fd_close(&fd);
	}
	return -1;
}

/* In the old one's place in one step (Linux 5.6), or, before that, beside it and then without it: the stricter holds in
 * between. */
static int try_attach(int dir, int program, int old)
{
	union bpf_attr attach = { .target_fd = (uint32_t) dir,
				  .attach_bpf_fd = (uint32_t) program,
				  .attach_type = BPF_CGROUP_DEVICE,
				  .attach_flags = BPF_F_ALLOW_MULTI };

	if (old < 0)
		return try_bpf(BPF_PROG_ATTACH, &attach);
	attach.attach_flags |= BPF_F_REPLACE;
	attach.replace_bpf_fd = (uint32_t) old;
	int result = try_bpf(BPF_PROG_ATTACH, &attach);
	if (!result || errno != EINVAL)
		return result;
	attach.attach_flags = BPF_F_ALLOW_MULTI;
	attach.replace_bpf_fd = 0;
	if (try_bpf(BPF_PROG_ATTACH, &attach) < 0)
		return -1;
	attach.attach_bpf_fd = (uint32_t) old;
	return try_bpf(BPF_PROG_DETACH, &attach);
}

static int try_program(const char *path, struct rules *rules)
{
	autoclose int dir = open_dir(AT_FDCWD, path), old = find_ours(dir);
	if (rules->otherwise && !rules->n && old < 0)
		return 0;
	struct code code = program_of(rules);
	autoclose int program = try_load(&code);
	return program < 0 ? -1 : try_attach(dir, program, old);
}

void cgroup_devices(const struct cgroup *cg, struct device_rule *const *list, bool tolerant)
{
	const struct hierarchy *h = cgroup_hierarchy(cg, "devices");
	void (*say)(const char *, ...) = tolerant ? warn : fail;

	if (!list || !*list)
		return;
	struct rules rules = rules_of(list);
	if (!h) {
		say(JSON
		    ": no devices controller is mounted below /sys/fs/cgroup, so access to devices cannot be limited");
		return;
	}
	if ((cg->unified ? try_program(h->dir, &rules) : try_list(h->dir, &rules)) < 0)
		say(JSON ": access to devices cannot be limited for cgroup %s: %s%s", h->dir, strerror(errno),
		    errno == EPERM ? " (it takes CAP_SYS_ADMIN outside of user namespaces)" : "");
}
