/* From what was written to what it means: a body, its expressions evaluated, is a block. */
#include "base/mem.h"
#include "task/body.h"

#include <string.h>

static struct attribute *build_attribute(const struct entry *e, const struct scope *s)
{
	struct attribute *a = mem(sizeof *a);
	*a = (struct attribute){ e->name, e->at, eval(e->value, s) };
	return a;
}

static struct block *build_block(const struct entry *e, const struct scope *s)
{
	struct list labels = { 0 };
	EACH(label, e->labels)
		list_add(&labels, (*label)->value->string);
	return block_build(e->name, e->at, (const char **) labels.at, e->body, s);
}

static bool is_dynamic(const struct entry *e, const struct scope *s)
{
	return same(e->name, "dynamic") && e->labels && s->world->definitions;
}

struct block *block_build(const char *type, struct position at, const char **labels, const struct body *body,
			  const struct scope *s)
{
	struct block *b = mem(sizeof *b);
	struct list attributes = { 0 }, blocks = { 0 };

	spend(s->world, at, 16);
	EACH(e, body->entries) {
		if ((*e)->value)
			list_add(&attributes, build_attribute(*e, s));
		else if (is_dynamic(*e, s))
			dynamic_build(*e, s, &blocks);
		else
			list_add(&blocks, build_block(*e, s));
	}
	*b = (struct block){ type, labels, at, (struct attribute **) attributes.at, (struct block **) blocks.at };
	return b;
}
