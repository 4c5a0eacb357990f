/* Blocks and attributes as they were written, and evaluating them. */
#pragma once
#include "task/eval.h"

struct entry {
	const char *name;
	struct position at;
	const struct expr *value;   /* an attribute's */
	const struct expr **labels; /* a block's */
	struct body *body;
};

struct body {
	struct entry **entries; /* NULL-ended, in file order; NULL when there is none */
};

struct body *body_read(struct lexer *); /* the whole file; fails at an attribute that comes twice in a block */
const struct entry *body_find(const struct body *, const char *name);
void body_allow(const struct body *, const char *const *names, const char *what); /* fails at any other */

struct block *block_build(const char *type, struct position, const char **labels, const struct body *,
			  const struct scope *);

/* `dynamic "TYPE" { for_each labels iterator content { } }`: adds its blocks. */
void dynamic_build(const struct entry *, const struct scope *, struct list *blocks);
