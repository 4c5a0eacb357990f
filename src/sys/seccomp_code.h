/* A classic BPF program, written from its end to its beginning: whatever an instruction jumps to is there already.  A
 * label is the number of instructions from it to the end. */
#pragma once
#include <linux/filter.h>
#include <stdint.h>

struct code {
	struct sock_filter at[BPF_MAXINSNS]; /* filled from the last one down */
	unsigned length;
};

/* The label of what was written.  Fails when the program gets longer than the kernel takes. */
unsigned code_return(struct code *, uint32_t value);                     /* one that is near is used again */
unsigned code_do(struct code *, unsigned op, uint32_t k, unsigned next); /* goes on at `next` */

/* test: BPF_JEQ, BPF_JGT or BPF_JGE. */
unsigned code_if(struct code *, unsigned test, uint32_t k, unsigned yes, unsigned no);

const struct sock_filter *code_begin(const struct code *);
