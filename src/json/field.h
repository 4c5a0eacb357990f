/* A struct described to JSON, row by row: read with one function, written with another.  What a document leaves out is
 * NULL, 0 or false; every list is a vector of pointers that ends with NULL.  The rows are the only place where a key
 * stands. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name {
	const char *word;
	int64_t value;
}; /* ends with a NULL word */
struct pair {
	const char *key, *value;
};
struct tally {
	const char *key;
	uint64_t value;
};

enum field_kind { K_STR, K_BOOL, K_NUM, K_OPT, K_NAME, K_STRS, K_NUMS, K_OBJ, K_LIST, K_MAP, K_COUNTS, K_DICT };

struct field {
	const char *key;
	enum field_kind kind;
	uint16_t at;   /* where in the struct */
	uint8_t width; /* K_NUM, K_OPT, K_NAME, K_NUMS: bytes of one number */
	bool is_signed;
	const struct type *of;    /* K_OBJ, K_LIST, K_DICT: of what */
	const struct name *words; /* K_NAME: which */
	bool need;
};

struct type {
	size_t size;
	const struct field *fields;
};

/* clang-format off */
#define MEMBER(T, m)     ((struct T *) 0)->m
#define SAME(T, m, type) sizeof(char [__builtin_types_compatible_p(__typeof__(MEMBER(T, m)), type) ? 1 : -1])
#define PLACE(T, m, k, type) .kind = k, .at = offsetof(struct T, m) + 0 * SAME(T, m, type)
#define WIDE(v)          .width = sizeof(v), .is_signed = (__typeof__(v)) -1 < 1

#define STR(T, m)        PLACE(T, m, K_STR, const char *)
#define BOOL(T, m)       PLACE(T, m, K_BOOL, bool)
#define STRS(T, m)       PLACE(T, m, K_STRS, const char **)
#define MAP(T, m)        PLACE(T, m, K_MAP, struct pair **)
#define COUNTS(T, m)     PLACE(T, m, K_COUNTS, struct tally **), .width = sizeof(uint64_t)
#define NUM(T, m)        .kind = K_NUM, .at = offsetof(struct T, m), WIDE(MEMBER(T, m))
#define OPT(T, m)        .kind = K_OPT, .at = offsetof(struct T, m), WIDE(*MEMBER(T, m))		/* a pointer: NULL is "not set" */
#define NUMS(T, m)       .kind = K_NUMS, .at = offsetof(struct T, m), WIDE(**MEMBER(T, m))	/* pointers to numbers */
#define NAME(T, m, w)    .kind = K_NAME, .at = offsetof(struct T, m), WIDE(MEMBER(T, m)), .words = w
#define OBJ(T, m, S)     PLACE(T, m, K_OBJ, struct S *), .of = &S##_type
#define LIST(T, m, S)    PLACE(T, m, K_LIST, struct S **), .of = &S##_type
#define DICT(T, m, S)    PLACE(T, m, K_DICT, struct S **), .of = &S##_type	/* the key goes in member 0 */
#define NEED             .need = true

#define FIELDS(...)      (const struct field[]) { __VA_ARGS__, { 0 } }
#define TYPE(S, ...)     static const struct type S##_type = { sizeof(struct S), FIELDS(__VA_ARGS__) }
/* clang-format on */

/* file: its name in errors, which end "FILE: the.path[2].to: what is wrong" or "FILE:LINE,COLUMN: ...".
 * Unknown keys are passed over, as the runtime-spec demands; json_unknown hears of each, with the row's key that it
 * resembles, or NULL. */
void *json_read(const char *file, const char *json, const struct type *);
void json_on_unknown(void (*hear)(const char *where, const char *key, const char *meant));

char *json_text(const void *from, const struct type *, bool beautiful); /* ends with a newline */
void json_print(const void *from, const struct type *);                 /* beautiful, on standard output */
char *json_list_text(const void *const *list, const struct type *);     /* the same for a list of structs */

int64_t word_value(const struct name *, const char *word, int64_t otherwise);
const char *value_word(const struct name *, int64_t value);
const char *known_words(const struct name *); /* "a, b or c", for an error */
