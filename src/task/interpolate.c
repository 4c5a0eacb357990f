#include "task/interpolate.h"

#include "base/mem.h"
#include "base/text.h"
#include "task/value.h"

#include <string.h>

struct pair **names_set(struct pair **names, const char *name, const char *value)
{
	struct pair *p = mem(sizeof *p);
	*p = (struct pair){ name, value };
	EACH(n, names)
		if (same((*n)->key, name)) {
			*n = p;
			return names;
		}
	return append(names, p);
}

static const char *look_up(const char *name, const void *names)
{
	EACH(n, (struct pair *const *) names)
		if (same((*n)->key, name))
			return (*n)->value;
	return NULL;
}

const char *interpolate(struct pair *const *names, const char *string, struct position at)
{
	return hcl_expand(string, at, false, look_up, names, NULL);
}

const char *interpolate_bare(struct pair *const *names, const char *string)
{
	static const char of_name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";
	struct text t = { 0 };

	while (*string) {
		size_t plain = strcspn(string + (*string == '$'), "$") + (*string == '$'),
		       name = strspn(string + 1, of_name);
		const char *value = *string == '$' ? look_up(text_n(string + 1, name), names) : NULL;
		value ? text_put(&t, value) : text_add(&t, string, plain);
		string += value ? 1 + name : plain;
	}
	return t.at ? t.at : "";
}

/* What an evaluation needs, and every value below shares. */
struct evaluation {
	struct pair *const *names;
	const char **known;
};

static struct value *evaluate(const struct evaluation *, const struct value *);

static struct value *evaluate_list(const struct evaluation *e, const struct value *v)
{
	struct list items = { 0 };
	EACH(item, v->list)
		list_add(&items, evaluate(e, *item));
	return value_list(v->at, items);
}

static struct value *evaluate_object(const struct evaluation *e, const struct value *v)
{
	struct list members = { 0 };
	EACH(m, v->members)
		list_add(&members, member((*m)->key, (*m)->at, evaluate(e, (*m)->value)));
	return value_object(v->at, members);
}

static struct value *evaluate(const struct evaluation *e, const struct value *v)
{
	switch (v->kind) {
	case V_STRING: return value_string(v->at, hcl_expand(v->string, v->at, true, look_up, e->names, e->known));
	case V_LIST: return evaluate_list(e, v);
	case V_OBJECT: return evaluate_object(e, v);
	default: return (struct value *) v;
	}
}

static struct block *evaluate_block(const struct evaluation *e, const struct block *b)
{
	struct block *to = mem(sizeof *to);

	*to = (struct block){ .type = b->type, .labels = b->labels, .at = b->at };
	EACH(a, b->attributes) {
		struct attribute *copy = mem(sizeof *copy);
		*copy = (struct attribute){ (*a)->name, (*a)->at, evaluate(e, (*a)->value) };
		to->attributes = append(to->attributes, copy);
	}
	EACH(inner, b->blocks)
		to->blocks = append(to->blocks, evaluate_block(e, *inner));
	return to;
}

const struct block *interpolate_config(struct pair *const *names, const struct block *b)
{
	struct evaluation e = { names, NULL };
	EACH(n, names)
		e.known = append(e.known, (*n)->key);
	return b ? evaluate_block(&e, b) : NULL;
}
