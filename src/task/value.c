/* What an expression evaluates to. */
#include "task/value.h"

#include "base/mem.h"
#include "task/decimal.h"

#include <stdlib.h>
#include <string.h>

#define MOST_TEXT   ((size_t) 8 * 1024 * 1024)
#define MOST_DEPTH  300

/* In bytes, roughly, of what a walk over it would print.  Values are shared, so a few lines can double one time and
 * again. */
#define MOST_WEIGHT ((size_t) 64 * 1024 * 1024)

void list_add(struct list *l, const void *item)
{
	if (l->count + 1 >= l->room) {
		size_t room = l->room ? l->room * 2 : 4;
		void **larger = mem(room * sizeof *larger);
		if (l->count)
			memcpy(larger, l->at, l->count * sizeof *larger);
		l->at = larger;
		l->room = room;
	}
	l->at[l->count++] = (void *) item;
	l->at[l->count] = NULL;
}

void grow(struct text *t, const char *from, size_t length, struct position at)
{
	if (t->length + length > MOST_TEXT)
		hcl_fail(at, "Text too long; more than %zu MiB in one string: put it into a file of its own",
			 MOST_TEXT >> 20);
	if (length)
		text_add(t, from, length);
}

static struct value *new (struct position at, enum value_kind kind)
{
	struct value *v = mem(sizeof *v);
	v->kind = kind;
	v->at = at;
	v->weight = 16;
	return v;
}

struct value *value_null(struct position at) { return new (at, V_NULL); }

struct value *value_bool(struct position at, bool yes)
{
	struct value *v = new (at, V_BOOL);
	v->boolean = yes;
	return v;
}

struct value *value_decimal(struct position at, const char *decimal)
{
	struct value *v = new (at, V_NUMBER);
	v->string = decimal;
	v->number = strtold(decimal, NULL);
	return v;
}

struct value *value_number(struct position at, long double n)
{
	if (!(n > -TWO_TO_64 && n < TWO_TO_64))
		hcl_fail(at, "Number too large; what is calculated must stay between -2^64 and 2^64: write the result "
			     "itself");
	return value_decimal(at, decimal_print(n));
}

struct value *value_string(struct position at, const char *s)
{
	struct value *v = new (at, V_STRING);
	v->string = s ? s : "";
	v->weight += strlen(v->string);
	return v;
}

static void nest(struct value *v, const struct value *in)
{
	if (in->depth >= MOST_DEPTH)
		hcl_fail(v->at, "Nested too deeply; lists and objects may stand %d deep in each other: take it apart",
			 MOST_DEPTH);
	if (in->depth >= v->depth)
		v->depth = in->depth + 1;
	v->weight += in->weight;
	if (v->weight > MOST_WEIGHT)
		hcl_fail(v->at, "Value too large; it would fill more than %zu MiB: take it apart", MOST_WEIGHT >> 20);
}

struct value *value_list(struct position at, struct list items)
{
	struct value *v = new (at, V_LIST);
	v->list = (struct value **) items.at;
	EACH(item, v->list)
		nest(v, *item);
	return v;
}

struct member *member(const char *key, struct position at, struct value *value)
{
	struct member *m = mem(sizeof *m);
	*m = (struct member){ key, value, at };
	return m;
}

struct value *value_get(const struct value *object, const char *key)
{
	EACH(m, object->members)
		if (same((*m)->key, key))
			return (*m)->value;
	return NULL;
}

/* qsort is not stable: members of one key are told apart by where they stand in the file order, which `nth` keeps. */
struct sorted {
	struct member *m;
	size_t nth;
};

static int by_key(const void *a, const void *b)
{
	const struct sorted *x = a, *y = b;
	int order = strcmp(x->m->key, y->m->key);
	return order ? order : x->nth < y->nth ? -1 : 1;
}

static struct sorted *sorted(struct member **members)
{
	size_t n = count(members);
	struct sorted *s = mem((n + 1) * sizeof *s);
	for (size_t i = 0; i < n; i++)
		s[i] = (struct sorted){ members[i], i };
	if (n)
		qsort(s, n, sizeof *s, by_key);
	return s;
}

struct member **value_sorted(const struct value *object)
{
	struct sorted *s = sorted(object->members);
	struct list l = { 0 };
	for (; s->m; s++)
		list_add(&l, s->m);
	return (struct member **) l.at;
}

struct value *value_object(struct position at, struct list members)
{
	struct value *v = new (at, V_OBJECT);
	v->members = (struct member **) members.at;
	EACH(m, v->members)
		nest(v, (*m)->value);
	for (struct sorted *s = sorted(v->members); s->m && s[1].m; s++)
		if (same(s->m->key, s[1].m->key))
			hcl_fail(s[1].m->at,
				 "Attribute redefined; the key %s was already set at %s: keep one of the two",
				 clip(s->m->key, strlen(s->m->key)), hcl_place(s->m->at));
	return v;
}

struct value *value_object_of_last(struct position at, struct list members)
{
	struct list last = { 0 };
	for (struct sorted *s = sorted((struct member **) members.at); s->m; s++)
		if (!s[1].m || !same(s->m->key, s[1].m->key))
			list_add(&last, s->m);
	return value_object(at, last);
}

const char *value_kind(const struct value *v)
{
	static const char *const names[] = { "null", "true or false", "a number", "a string", "a list", "an object" };
	return names[v->kind];
}

const char *value_text(const struct value *v)
{
	if (v->kind == V_BOOL)
		return v->boolean ? "true" : "false";
	return v->kind == V_NUMBER || v->kind == V_STRING ? v->string : NULL;
}

bool value_to_number(const struct value *v, struct value **number)
{
	const char *decimal = v->kind == V_NUMBER || v->kind == V_STRING ? decimal_read(v->string) : NULL;
	if (decimal)
		*number = value_decimal(v->at, decimal);
	return decimal;
}

bool value_to_bool(const struct value *v, bool *yes)
{
	*yes = v->kind == V_BOOL ? v->boolean : v->kind == V_STRING && same(v->string, "true");
	return v->kind == V_BOOL || *yes || (v->kind == V_STRING && same(v->string, "false"));
}

static bool same_lists(const struct value *a, const struct value *b)
{
	if (count(a->list) != count(b->list))
		return false;
	for (size_t i = 0; a->list && a->list[i]; i++)
		if (!value_same(a->list[i], b->list[i]))
			return false;
	return true;
}

static bool same_objects(const struct value *a, const struct value *b)
{
	struct member **x = value_sorted(a), **y = value_sorted(b);
	if (count(x) != count(y))
		return false;
	for (; x && *x; x++, y++)
		if (!same((*x)->key, (*y)->key) || !value_same((*x)->value, (*y)->value))
			return false;
	return true;
}

bool value_same(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case V_BOOL: return a->boolean == b->boolean;
	case V_NUMBER:
	case V_STRING: return same(a->string, b->string);
	case V_LIST: return same_lists(a, b);
	case V_OBJECT: return same_objects(a, b);
	case V_NULL: return true;
	}
	return false;
}

bool value_waits(const struct value *v)
{
	EACH(item, v->list)
		if (value_waits(*item))
			return true;
	EACH(m, v->members)
		if (value_waits((*m)->value))
			return true;
	return v->run;
}

const char *clip(const char *s, size_t length)
{
	const size_t most = 60;
	if (length <= most)
		return fmt("\"%.*s\"", (int) length, s);
	size_t n = most;
	while (n && (s[n] & 0xC0) == 0x80)
		n--;
	return fmt("\"%.*s...\"", (int) n, s);
}
