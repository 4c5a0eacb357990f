/* What a job or agent file is when it has been read: blocks, attributes and values, each with its place, so that
 * whoever finds a mistake can point at it. */
#pragma once
#include "base/fail.h"

#include <stdbool.h>
#include <stddef.h>

struct position {
	const char *file;
	unsigned line, column; /* from 1; columns count characters, not bytes */
};

enum value_kind { V_NULL, V_BOOL, V_NUMBER, V_STRING, V_LIST, V_OBJECT };

struct member {
	const char *key;
	struct value *value;
	struct position at; /* of the key */
};

struct expr;

struct value {
	enum value_kind kind;
	struct position at; /* of a plain string: its first character, after the quote */
	bool boolean;
	const char *string; /* V_STRING: the text; V_NUMBER: its shortest decimal text, exact: "42", "2.5" */
	long double number;
	struct value **list;     /* V_LIST, NULL-ended; NULL when it is empty */
	struct member **members; /* V_OBJECT, NULL-ended, in file order, no key twice; NULL when it is empty */
	/* Of what nests in it, how deep and how much: bounded, so that whoever reads it may recurse. */
	unsigned depth;
	size_t weight;
	/* Not NULL: a V_STRING holding "${...}" that only the run can evaluate, and the expression that it came from.
	 * Whoever wants a number or a duration here can say "known at run time only". */
	const struct expr *run;
};

struct attribute {
	const char *name;
	struct position at;
	struct value *value;
};

struct block {
	const char *type;    /* "" for the file itself */
	const char **labels; /* NULL-ended; NULL when there is none */
	struct position at;  /* of its type */
	/* NULL-ended, in file order; NULL when there is none.  No attribute comes twice; a type of block may, and its
	 * reader knows whether that is a mistake. */
	struct attribute **attributes;
	struct block **blocks;
};

const struct attribute *hcl_attribute(const struct block *, const char *name); /* NULL: absent */
const char *hcl_place(struct position);                                        /* "FILE:LINE,COLUMN" */
_Noreturn void hcl_fail_as(enum kind, struct position, const char *format, ...) PRINTF(3);
_Noreturn void hcl_fail(struct position, const char *format, ...) PRINTF(2); /* "FILE:LINE,COLUMN: ..." */

/* HCL_JOB: HCL2, as in job files.  HCL_AGENT: HCL1, as in agent files: names may be quoted, values are plain,
 * "${...}" is text like any other. */
enum dialect { HCL_JOB, HCL_AGENT };
