/* `dynamic` blocks: one block for each item of a collection. */
#include "base/mem.h"
#include "task/body.h"

struct generator {
	const char *type, *iterator;
	const struct entry *at, *content;
	const struct expr *labels; /* NULL: none */
	struct list *to;
};

static const char **labels_for(const struct generator *g, const struct scope *s)
{
	struct list to = { 0 };
	if (!g->labels)
		return NULL;
	const struct value *v = eval(g->labels, s);
	if (v->kind != V_LIST)
		hcl_fail(v->at, "Invalid dynamic block labels; a list of strings is required, this is %s",
			 value_kind(v));
	EACH(label, v->list) {
		if (!value_text(*label))
			hcl_fail((*label)->at, "Invalid dynamic block label; a string is required, this is %s",
				 value_kind(*label));
		list_add(&to, value_text(*label));
	}
	return (const char **) to.at;
}

/* inner holds the value, and above it the key: both go by the iterator's one name. */
static void add_block(void *generator, const struct expr *loop, const struct scope *inner)
{
	const struct generator *g = generator;
	struct position at = inner->value->at;
	struct list members = { 0 };

	(void) loop;
	list_add(&members, member("key", at, inner->up->value));
	list_add(&members, member("value", at, inner->value));
	struct scope s = { inner->world, inner->up->up, g->iterator, value_object(at, members) };
	list_add(g->to, block_build(g->type, g->at->at, labels_for(g, &s), g->content->body, &s));
}

static const struct entry *needed(const struct entry *e, const char *name, bool block)
{
	const struct entry *found = body_find(e->body, name);
	if (!found || block != !found->value)
		hcl_fail(e->at,
			 "Invalid dynamic block; there is no \"%s\" in it: add it (for_each = LIST, content { ... })",
			 name);
	return found;
}

static const char *iterator_name(const struct entry *e, const char *type)
{
	const struct entry *found = body_find(e->body, "iterator");
	if (!found)
		return type;
	if (!found->value || !expr_word(found->value))
		hcl_fail(found->at, "Invalid dynamic block iterator; a name is required, such as iterator = item");
	return expr_word(found->value);
}

void dynamic_build(const struct entry *e, const struct scope *s, struct list *blocks)
{
	static const char *const allowed[] = { "for_each", "labels", "iterator", "content", NULL };
	struct generator g = { .at = e, .to = blocks };

	body_allow(e->body, allowed, "dynamic");
	if (e->labels[1])
		hcl_fail(e->at, "Extraneous label for dynamic; it takes one, the type of its blocks: move the others "
				"to labels = [ ]");
	g.type = e->labels[0]->value->string;
	g.iterator = iterator_name(e, g.type);
	g.content = needed(e, "content", true);
	g.labels = body_find(e->body, "labels") ? needed(e, "labels", false)->value : NULL;
	const struct value *over = eval(needed(e, "for_each", false)->value, s);
	if (over->run)
		hcl_fail(over->at,
			 "Invalid dynamic for_each value; %s is known at run time only: use a variable or a local",
			 over->string);
	eval_each(over, s, &(struct expr){ .key = "", .name = "" }, add_block, &g);
}
