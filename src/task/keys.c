#include "task/keys.h"

#include "base/mem.h"
#include "base/text.h"
#include "task/value.h"

#include <string.h>

/* What a read of one key works on. */
struct slot {
	struct reading *r;
	const struct keys *keys;
	const struct key *row;
	char *to;
};

static const struct key *row_named(enum form form, const struct keys *k, const char *name)
{
	for (const struct key *row = k->rows; row->hcl || row->json; row++)
		if (same(form == FROM_JSON ? row->json : row->hcl, name))
			return row;
	return NULL;
}

static _Noreturn void refuse_unknown(const struct slot *s, struct position at, const char *name)
{
	const char **known = NULL;
	for (const struct key *row = s->keys->rows; row->hcl || row->json; row++)
		if (row->hcl)
			known = append(known, row->hcl);
	const char *meant = nearest(known, name);
	if (meant)
		hcl_fail(at, "%s has no key \"%s\"; is \"%s\" meant?", s->keys->noun, name, meant);
	hcl_fail(at, "%s has no key \"%s\"; remove it. Known are %s", s->keys->noun, name, join(known, ", "));
}

struct position key_at(const struct block *b, const char *name)
{
	const struct attribute *a = hcl_attribute(b, name);
	if (a)
		return a->at;
	EACH(inner, b->blocks)
		if (same((*inner)->type, name))
			return (*inner)->at;
	return b->at;
}

struct block *block_of(const struct value *object, const char *type)
{
	struct block *b = mem(sizeof *b);
	*b = (struct block){ .type = type, .at = object->at };
	EACH(m, object->members) {
		struct attribute *a = mem(sizeof *a);
		*a = (struct attribute){ (*m)->key, (*m)->at, (*m)->value };
		b->attributes = append(b->attributes, a);
	}
	return b;
}

/* Nothing asked for: null, false, 0 and what is empty.  JSON from Nomad spells all of them out. */
static bool empty(const struct value *v)
{
	switch (v->kind) {
	case V_NULL: return true;
	case V_BOOL: return !v->boolean;
	case V_NUMBER: return v->number == 0;
	case V_STRING: return !*v->string;
	case V_LIST: return !v->list;
	case V_OBJECT: return !v->members;
	}
	return false;
}

static _Noreturn void refuse_type(const struct slot *s, const struct value *v, const char *wanted)
{
	if (v->run)
		hcl_fail(v->at, "%s: %s is known at run time only; %s is needed here", s->row->hcl, v->string, wanted);
	hcl_fail(v->at, "%s is %s; %s is required", s->row->hcl, value_kind(v), wanted);
}

static const char *read_text(const struct slot *s, const struct value *v)
{
	const char *t = value_text(v);
	if (!t)
		refuse_type(s, v, "a string");
	return t;
}

static const char **read_texts(const struct slot *s, const struct value *v)
{
	const char **list = mem(sizeof *list);
	const char *lone = value_text(v);

	if (v->kind == V_STRING)
		hcl_fail(v->at, "%s is a string; a list of strings is required: %s = [%s]", s->row->hcl, s->row->hcl,
			 clip(v->string, strlen(v->string)));
	if (lone) {
		warn("%s: %s is %s; a list of strings is meant, and [\"%s\"] is taken", hcl_place(v->at), s->row->hcl,
		     value_kind(v), lone);
		return append(list, lone);
	}
	if (v->kind != V_LIST)
		refuse_type(s, v, "a list of strings");
	EACH(item, v->list) {
		const char *t = value_text(*item);
		if (!t)
			hcl_fail((*item)->at, "%s holds %s; every part of it must be a string", s->row->hcl,
				 value_kind(*item));
		list = append(list, t);
	}
	return list;
}

static int64_t *read_number(const struct slot *s, const struct value *v)
{
	int64_t n;
	const char *t = v->kind == V_STRING || v->kind == V_NUMBER ? v->string : NULL;
	if (!t || v->run)
		refuse_type(s, v, "a whole number");
	if (!number(t, INT64_MIN, INT64_MAX, &n))
		hcl_fail(v->at, "%s is %s; a whole number is required", s->row->hcl, clip(t, strlen(t)));
	int64_t *to = mem(sizeof *to);
	*to = n;
	return to;
}

/* The number before a unit, exactly: digits and at most one point.  What is left of s; NULL: there is none. */
static const char *decimal(const char *s, long double *n)
{
	size_t whole = strspn(s, "0123456789"), part = 0;
	long double scale = 1;
	for (size_t i = 0; i < whole; i++)
		*n = *n * 10 + (s[i] - '0');
	s += whole;
	if (*s == '.')
		for (part = strspn(++s, "0123456789"); part && strspn(s, "0123456789"); s++)
			*n += (*s - '0') * (scale /= 10);
	return whole || part ? s : NULL;
}

/* "1h30m", "250ms" ... as Go reads it, in nanoseconds; false: it is none. */
static bool duration(const char *s, int64_t *to)
{
	/* clang-format off */
	static const struct { const char *word; long double nanoseconds; } units[] = {	/* longer words first */
		{ "ns", 1 }, { "us", 1e3L }, { "µs", 1e3L }, { "μs", 1e3L }, { "ms", 1e6L }, { "s", 1e9L }, { "m", 60e9L }, { "h", 3600e9L }, { 0 },
	};
	/* clang-format on */
	bool minus = *s == '-';
	long double sum = 0;

	s += minus || *s == '+';
	if (!*s)
		return false;
	for (size_t u; strcmp(s, "0") && *s; s += strlen(units[u].word)) {
		long double n = 0;
		if (!(s = decimal(s, &n)))
			return false;
		for (u = 0; units[u].word && !starts_with(s, units[u].word); u++)
			;
		if (!units[u].word)
			return false;
		sum += n * units[u].nanoseconds;
	}
	if (sum > 9.2e18L)
		return false;
	*to = (int64_t) (minus ? -sum : sum);
	return true;
}

static int64_t *read_duration(const struct slot *s, const struct value *v)
{
	int64_t *to = mem(sizeof *to);

	if (v->kind == V_NUMBER)
		return read_number(s, v);
	if (v->kind != V_STRING || v->run)
		refuse_type(s, v, "a duration such as \"5s\"");
	if (!duration(v->string, to))
		hcl_fail(v->at, "%s is %s; a duration is required, such as \"5s\", \"1h30m\" or \"250ms\"", s->row->hcl,
			 clip(v->string, strlen(v->string)));
	return to;
}

static struct member **read_map(const struct slot *s, const struct value *v)
{
	struct member **list = mem(sizeof *list);

	if (v->kind != V_OBJECT)
		refuse_type(s, v, "a map of strings");
	EACH(m, v->members) {
		if (s->r->form == FROM_JSON && (*m)->value->kind == V_NULL)
			continue;
		if (!value_text((*m)->value))
			hcl_fail((*m)->value->at, "%s: %s is %s; a string is required", s->row->hcl, (*m)->key,
				 value_kind((*m)->value));
		list = append(list, *m);
	}
	return list;
}

static bool read_flag(const struct slot *s, const struct value *v)
{
	bool yes;
	if (v->run || !value_to_bool(v, &yes))
		refuse_type(s, v, "true or false");
	return yes;
}

/* A block of plain arguments as the object that it is. */
static struct value *as_object(const struct slot *s, const struct block *b)
{
	struct list members = { 0 };
	if (b->blocks)
		hcl_fail(b->blocks[0]->at, "%s holds values only; write %s = ... or remove it", s->row->hcl,
			 b->blocks[0]->type);
	EACH(a, b->attributes)
		list_add(&members, member((*a)->name, (*a)->at, (*a)->value));
	return value_object(b->at, members);
}

static void add_struct(const struct slot *s, const struct block *b)
{
	void *made = keys_read(s->r, b, s->row->of);
	if (s->row->how == AS_ONE)
		*(void **) s->to = made;
	else
		*(void ***) s->to = append(*(void ***) s->to, made);
}

static bool all_objects(const struct value *v)
{
	EACH(m, v->members)
		if ((*m)->value->kind != V_OBJECT)
			return false;
	return v->members;
}

/* In JSON a block is an object, and one that may be repeated a list of objects or an object of them. */
static void read_objects(const struct slot *s, const struct value *v)
{
	if (v->kind == V_OBJECT && s->row->how == AS_MANY && all_objects(v)) {
		EACH(m, v->members)
			add_struct(s, block_of((*m)->value, s->row->hcl));
		return;
	}
	if (v->kind == V_OBJECT) {
		add_struct(s, block_of(v, s->row->hcl));
		return;
	}
	if (v->kind != V_LIST || s->row->how == AS_ONE)
		refuse_type(s, v, s->row->how == AS_ONE ? "an object" : "a list of objects");
	EACH(item, v->list) {
		if ((*item)->kind != V_OBJECT)
			refuse_type(s, *item, "a list of objects");
		add_struct(s, block_of(*item, s->row->hcl));
	}
}

static void note_idle(const struct slot *s, struct position at, const char *name)
{
	s->r->idle = append(s->r->idle, fmt("%s (line %u)", name, at.line));
}

static void read_attribute(const struct slot *s, const struct attribute *a)
{
	const struct value *v = a->value;

	if (v->kind == V_NULL || (s->row->how >= AS_NOTHING && empty(v)))
		return;
	switch (s->row->how) {
	case AS_TEXT: *(const char **) s->to = read_text(s, v); break;
	case AS_TEXTS: *(const char ***) s->to = read_texts(s, v); break;
	case AS_FLAG: *(bool *) s->to = read_flag(s, v); break;
	case AS_NUMBER: *(int64_t **) s->to = read_number(s, v); break;
	case AS_DURATION: *(int64_t **) s->to = read_duration(s, v); break;
	case AS_MAP: *(struct member ***) s->to = read_map(s, v); break;
	case AS_FOUND:
		if (v->kind != V_OBJECT || s->r->form == FROM_JOB)
			hcl_fail(a->at, "%s is a block; write %s { ... }", a->name, a->name);
		*(struct block **) s->to = block_of(v, s->row->hcl);
		break;
	case AS_ONE:
	case AS_MANY:
		if (s->r->form == FROM_JOB)
			hcl_fail(a->at, "%s is a block; write %s { ... }", a->name, a->name);
		read_objects(s, v);
		break;
	case AS_NOTHING: break;
	case AS_IDLE: note_idle(s, a->at, a->name); break;
	case AS_REFUSED: hcl_fail(a->at, "%s: %s", a->name, s->row->why);
	}
}

static void read_block(const struct slot *s, const struct block *b)
{
	switch (s->row->how) {
	case AS_MAP: *(struct member ***) s->to = read_map(s, as_object(s, b)); break;
	case AS_FOUND: *(const struct block **) s->to = b; break;
	case AS_ONE:
	case AS_MANY: add_struct(s, b); break;
	case AS_NOTHING: break;
	case AS_IDLE: note_idle(s, b->at, b->type); break;
	case AS_REFUSED: hcl_fail(b->at, "%s: %s", b->type, s->row->why);
	default: hcl_fail(b->at, "%s is no block; write %s = ...", b->type, b->type);
	}
}

/* Blocks of which there can be one only; an argument of the same name counts. */
static void refuse_second(const struct block *b, const struct block *second)
{
	const struct attribute *a = hcl_attribute(b, second->type);
	if (a)
		hcl_fail(second->at, "%s is given twice, first at %s; keep one, or join the two", second->type,
			 hcl_place(a->at));
	EACH(first, b->blocks) {
		if (*first == second)
			return;
		if (same((*first)->type, second->type))
			hcl_fail(second->at, "%s is given twice, first at %s; keep one, or join the two", second->type,
				 hcl_place((*first)->at));
	}
}

static void read_label(struct reading *r, const struct block *b, const struct keys *k, char *to)
{
	if (!k->label_at) {
		if (b->labels && *b->labels)
			hcl_fail(b->at, "%s takes no name; remove \"%s\"", b->type, *b->labels);
		return;
	}
	const struct attribute *a = r->form == FROM_JSON ? hcl_attribute(b, k->label_json) : NULL;
	const char *label = a ? value_text(a->value) : b->labels ? *b->labels : NULL;
	if (b->labels && *b->labels && b->labels[1])
		hcl_fail(b->at, "%s takes one name; remove \"%s\"", b->type, b->labels[1]);
	*(const char **) (to + k->label_at) = label ? label : "";
}

void *keys_read(struct reading *r, const struct block *b, const struct keys *k)
{
	char *to = mem(k->size);
	struct block *named = mem(sizeof *named);

	*named = *b;
	named->attributes = NULL;
	*(const struct block **) to = named;
	read_label(r, b, k, to);
	EACH(a, b->attributes) {
		const struct key *row = row_named(r->form, k, (*a)->name);
		struct slot s = { r, k, row, row ? to + row->at : NULL };
		bool quiet = r->form == FROM_JSON &&
			     (same((*a)->name, k->label_json) || contains_word(k->json_only, (*a)->name));
		if (!row && r->form != FROM_JSON)
			refuse_unknown(&s, (*a)->at, (*a)->name);
		if (!row && !quiet && !empty((*a)->value))
			note_idle(&s, (*a)->at, (*a)->name);
		if (!row)
			continue;
		struct attribute *known = mem(sizeof *known);
		*known = (struct attribute){ row->hcl ? row->hcl : row->json, (*a)->at, (*a)->value };
		named->attributes = append(named->attributes, known);
		read_attribute(&s, known);
	}
	EACH(inner, b->blocks) {
		const struct key *row = row_named(r->form, k, (*inner)->type);
		struct slot s = { r, k, row, row ? to + row->at : NULL };
		if (!row)
			refuse_unknown(&s, (*inner)->at, (*inner)->type);
		if (row->how == AS_ONE || row->how == AS_MAP || row->how == AS_FOUND)
			refuse_second(b, *inner);
		read_block(&s, *inner);
	}
	return to;
}
