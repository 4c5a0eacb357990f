/* A block of a job or agent file, read into a struct by rows.  A row is the only place where a key stands: its name in
 * HCL, its name in the JSON of Nomad's API, and what becomes of it.  The same rows read both forms, and what no row
 * names is refused.
 *
 * Each struct begins with the block that it came from, so that a later check can name the place.  What the file leaves
 * out is NULL or false; lists end with NULL.  Runs in the command that reads the file. */
#pragma once
#include "task/hcl.h"

#include <stdint.h>

/* clang-format off */
enum how {
	AS_TEXT,	/* const char *: a number or a bool is taken by its words             */
	AS_TEXTS,	/* const char **: a single number or bool is taken with a warning     */
	AS_FLAG,	/* bool                                                               */
	AS_NUMBER,	/* int64_t *: whole; "5" is one                                       */
	AS_DURATION,	/* int64_t *, nanoseconds: "1h30m", or a number of nanoseconds        */
	AS_MAP,		/* struct member **: of plain values; a block or an object            */
	AS_ONE,		/* a struct: a block that may stand once                              */
	AS_MANY,	/* a vector of structs: a block that may be repeated                  */
	AS_FOUND,	/* struct block *: left as it stands, its keys are another's concern  */
	AS_NOTHING,	/* taken in silence: it says where a job goes, and this is the place  */
	AS_IDLE,	/* without effect on a single host: one warning names them all        */
	AS_REFUSED,	/* it would change what runs: .why is the remedy                      */
};
/* clang-format on */

struct keys;

struct key {
	const char *hcl, *json; /* NULL: it has no such name */
	enum how how;
	uint16_t at;
	const struct keys *of;
	const char *why;
};

struct keys {
	const char *noun; /* what an error calls the block */
	size_t size;
	const struct key *rows;       /* up to one without names */
	uint16_t label_at;            /* where the first label goes: a const char *; 0: it has none */
	const char *label_json;       /* the JSON name of that label */
	const char *const *json_only; /* what the API adds and nobody writes: taken in silence */
};

/* clang-format off */
#define OF_TYPE(T, m, type) (offsetof(struct T, m) + 0 * sizeof(char [__builtin_types_compatible_p(__typeof__(((struct T *) 0)->m), type) ? 1 : -1]))
#define KEY_TEXT(T, m)      .how = AS_TEXT, .at = OF_TYPE(T, m, const char *)
#define KEY_TEXTS(T, m)     .how = AS_TEXTS, .at = OF_TYPE(T, m, const char **)
#define KEY_FLAG(T, m)      .how = AS_FLAG, .at = OF_TYPE(T, m, bool)
#define KEY_NUMBER(T, m)    .how = AS_NUMBER, .at = OF_TYPE(T, m, int64_t *)
#define KEY_DURATION(T, m)  .how = AS_DURATION, .at = OF_TYPE(T, m, int64_t *)
#define KEY_MAP(T, m)       .how = AS_MAP, .at = OF_TYPE(T, m, struct member **)
#define KEY_FOUND(T, m)     .how = AS_FOUND, .at = OF_TYPE(T, m, const struct block *)
#define KEY_ONE(T, m, S)    .how = AS_ONE, .at = OF_TYPE(T, m, struct S *), .of = &S##_keys
#define KEY_MANY(T, m, S)   .how = AS_MANY, .at = OF_TYPE(T, m, struct S **), .of = &S##_keys
#define NO_KEY              .how = AS_NOTHING
#define IDLE                .how = AS_IDLE
#define REFUSED(remedy)     .how = AS_REFUSED, .why = remedy
#define LABEL(T, m)         .label_at = OF_TYPE(T, m, const char *)
#define KEYS(T, called, ...) static const struct keys T##_keys = { .noun = called, .size = sizeof(struct T), __VA_ARGS__ }
#define ROWS(...)           .rows = (const struct key[]) { __VA_ARGS__, { 0 } }
/* clang-format on */

enum form { FROM_JOB, FROM_AGENT, FROM_JSON };

struct reading {
	enum form form;
	const char **idle; /* "constraint (line 7)" */
};

/* Fails at what is unknown, misspelt, of another type, or given twice. */
void *keys_read(struct reading *, const struct block *, const struct keys *);

/* The object as a block whose attributes are its members; nothing is renamed. */
struct block *block_of(const struct value *object, const char *type);

/* Where a key of that block stands, and the block itself where it does not. */
struct position key_at(const struct block *, const char *name);
