/* Expressions to values. */
#pragma once
#include "task/expr.h"

/* A `variable` or a local: evaluated when it is first asked for, so that their order in the file does not matter. */
struct definition {
	const char *name;
	struct position at;
	const struct expr *expr; /* NULL: it has no default */
	const struct expr *type; /* of a variable; NULL: any */
	struct list rules;       /* of a variable's validation blocks */
	struct value *value;     /* NULL: not evaluated yet */
	bool busy;               /* being evaluated: to meet it again is a cycle */
};

struct rule {
	const struct expr *condition, *message;
};

struct scope;

struct call {
	const struct expr *e;
	const struct scope *s;
	struct value **args; /* NULL-ended; as the function's row wants them */
	size_t count;
};

/* How a call is made: task/function.  The reader hands it over, because a function evaluates in its turn. */
struct functions {
	/* An argument that it must see is known at run time only.  Fails when there is no such function.
	 * One that it need not see comes through as text: such a result waits (value.run) on the call's first argument,
	 * not on the call, which is done; see insert() in task/eval. */
	bool (*waits)(const struct call *);
	struct value *(*make)(struct call *);
};

/* What all expressions of one reading share. */
struct world {
	const struct functions *functions;
	bool definitions; /* HCL2: there are variables, locals and dynamic blocks */
	struct definition **variables, **locals;
	/* At run time only: there everything else is known or wrong.  lookup NULL: it is kept as text. */
	const char *(*lookup)(const char *name, const void *context);
	const void *context;
	const char *const *known;
	size_t depth, work;
};

/* The names that are visible: iterators, innermost first, then the world's.  name NULL: none here. */
struct scope {
	struct world *world;
	const struct scope *up;
	const char *name;
	struct value *value;
};

struct value *eval(const struct expr *, const struct scope *) __attribute__((returns_nonnull));
struct value *eval_kept(const struct expr *, const struct scope *); /* the text that it is, for the run to evaluate */
const char *eval_text(const struct expr *, const struct scope *, const char *what);
void spend(struct world *, struct position, size_t work); /* what garbage may cost is bounded */

/* Calls entry once per item with key and value: of a list its index and item, of an object its names in order. */
void eval_each(const struct value *collection, const struct scope *, const struct expr *loop,
	       void (*entry)(void *to, const struct expr *loop, const struct scope *), void *to);

/* The name that stands for a variable, a local or an iterator; NULL: only the run knows it. */
struct value *scope_find(const struct expr *name, const struct scope *);
void scope_define(struct list *, const char *name, struct position, const struct expr *, const struct expr *type);
void scope_rule(struct list *, const struct expr *condition, const struct expr *message,
		struct position);       /* for the last one */
void scope_check(const struct world *); /* that no name is defined twice */
void scope_evaluate(struct world *);    /* all but a variable without a default, which only its use makes a mistake */
/* "NAME=VALUE".  option: what gave it, and has to name a variable of the file; NULL: it need not. */
void scope_set(struct world *, const char *assignment, const char *option);
void scope_give(struct world *, const char *name, const struct expr *value, struct position);

struct value *value_step(struct value *, const char *name, struct position); /* .name; .0 of a list */
struct value *value_index(struct value *, const struct value *key, struct position);

struct value *operator_unary(const struct expr *, const struct value *);
struct value *operator_binary(const struct expr *, const struct value *, const struct value *);
