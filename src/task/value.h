/* What an expression evaluates to: making values, converting and comparing them. */
#pragma once
#include "base/text.h"
#include "task/tree.h"

/* A vector of pointers that ends with NULL.  append() copies the lot each time, and a file may hold 100,000 items. */
struct list {
	void **at; /* NULL while empty */
	size_t count, room;
};
void list_add(struct list *, const void *item);

/* A string that may not grow without end: what a template builds can double with each line of a file. */
void grow(struct text *, const char *from, size_t length, struct position at);

struct value *value_null(struct position);
struct value *value_bool(struct position, bool);
struct value *value_number(struct position, long double);          /* fails when it cannot be told exactly */
struct value *value_decimal(struct position, const char *decimal); /* as decimal_read gives it */
struct value *value_string(struct position, const char *);
struct value *value_list(struct position, struct list);
struct value *value_object(struct position, struct list members);         /* fails at a key that comes twice */
struct value *value_object_of_last(struct position, struct list members); /* of equal keys the last is meant */

struct member *member(const char *key, struct position at, struct value *);
struct value *value_get(const struct value *object, const char *key); /* NULL: absent */
struct member **value_sorted(const struct value *object);             /* by key: the order that HCL iterates in */

const char *value_kind(const struct value *); /* "a string", "null" ... */
const char *value_text(const struct value *); /* as a string; NULL: it is none (null, a list, an object) */
bool value_to_number(const struct value *, struct value **number); /* "3" is one, too */
bool value_to_bool(const struct value *, bool *);                  /* "true" and "false" are, too */
bool value_same(const struct value *, const struct value *);
bool value_waits(const struct value *); /* for the run: it or something in it */

const char *value_json(const struct value *);    /* keys sorted; <, > and & escaped, as Go does it */
const char *value_literal(const struct value *); /* as HCL would write it: what is kept for the run names no local */
const char *clip(const char *s, size_t length);  /* quoted for a message; shortened when it is long */
