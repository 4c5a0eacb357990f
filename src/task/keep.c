/* What is left in a string for the run: the source of an expression, with the values of the names that only the file
 * knows put in their place. */
#include "base/mem.h"
#include "task/eval.h"

#include <stdlib.h>

static void find_known(const struct expr *e, const struct scope *s, struct list *to)
{
	if (!e)
		return;
	if (e->kind == E_NAME && scope_find(e, s))
		list_add(to, e);
	find_known(e->a, s, to);
	find_known(e->b, s, to);
	find_known(e->c, s, to);
	find_known(e->d, s, to);
	EACH(item, e->list)
		find_known(*item, s, to);
}

static int by_start(const void *a, const void *b)
{
	const struct expr *const *x = a, *const *y = b;
	return (*x)->start < (*y)->start ? -1 : (*x)->start > (*y)->start;
}

struct value *eval_kept(const struct expr *e, const struct scope *s)
{
	struct list known = { 0 };
	struct text t = { 0 };
	const char *from = e->start;

	find_known(e, s, &known);
	if (known.count)
		qsort(known.at, known.count, sizeof *known.at, by_start);
	if (!e->braced)
		text_put(&t, "${");
	EACH(name, (const struct expr **) known.at) {
		grow(&t, from, (size_t) ((*name)->start - from), e->at);
		text_put(&t, value_literal(eval(*name, s)));
		from = (*name)->end;
	}
	grow(&t, from, (size_t) (e->end - from), e->at);
	if (!e->braced)
		text_put(&t, "}");
	spend(s->world, e->at, t.length);
	struct value *v = value_string(e->at, t.at);
	v->run = e;
	return v;
}
