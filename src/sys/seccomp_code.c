#include "sys/seccomp_code.h"

#include "base/fail.h"

#define REACH 255 /* of a conditional jump: its offsets are bytes */

static unsigned put(struct code *c, struct sock_filter instruction)
{
	if (c->length == BPF_MAXINSNS)
		fail("linux.seccomp: more rules than a filter has room for (%d instructions): give fewer of them "
		     "arguments",
		     BPF_MAXINSNS);
	c->at[BPF_MAXINSNS - ++c->length] = instruction;
	return c->length;
}

const struct sock_filter *code_begin(const struct code *c) { return c->at + BPF_MAXINSNS - c->length; }

static unsigned jump(struct code *c, unsigned label)
{
	return put(c, (struct sock_filter){ .code = BPF_JMP | BPF_JA, .k = c->length - label });
}

unsigned code_do(struct code *c, unsigned op, uint32_t k, unsigned next)
{
	if (next != c->length)
		jump(c, next);
	return put(c, (struct sock_filter){ .code = (uint16_t) op, .k = k });
}

unsigned code_return(struct code *c, uint32_t value)
{
	const struct sock_filter *begin = code_begin(c);
	for (unsigned i = 0; i < c->length && i < REACH / 2; i++)
		if (begin[i].code == (BPF_RET | BPF_K) && begin[i].k == value)
			return c->length - i;
	return put(c, (struct sock_filter){ .code = BPF_RET | BPF_K, .k = value });
}

/* One of several jumps further, so that a conditional one reaches it. */
static unsigned nearer(struct code *c, unsigned label) { return c->length - label < REACH ? label : jump(c, label); }

unsigned code_if(struct code *c, unsigned test, uint32_t k, unsigned yes, unsigned no)
{
	no = nearer(c, no); /* the other may be one instruction further then, which REACH has room for */
	yes = nearer(c, yes);
	return put(c, (struct sock_filter){
			      .code = (uint16_t) (BPF_JMP | test | BPF_K),
			      .jt = (uint8_t) (c->length - yes),
			      .jf = (uint8_t) (c->length - no),
			      .k = k,
		      });
}
