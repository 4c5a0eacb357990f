/* Functions on lists and objects. */
#include "base/mem.h"
#include "task/function.h"

#include <stdlib.h>
#include <string.h>

#define MOST_RANGE    1024 /* as Nomad has it */
#define MOST_COMPARED 5000 /* items that are each compared with all the others */

static struct value *whole(const struct call *c, size_t n) { return value_number(c->e->at, (long double) n); }

static void add_all(struct list *to, const struct value *from)
{
	EACH(item, from->list)
		list_add(to, *item);
}

static bool has(struct value **list, const struct value *v)
{
	EACH(item, list)
		if (value_same(*item, v))
			return true;
	return false;
}

struct value *list_chunklist(const struct call *c)
{
	size_t size = function_index(c, c->args[1], 1 << 20);
	struct list to = { 0 }, chunk = { 0 };
	EACH(item, c->args[0]->list) {
		list_add(&chunk, *item);
		if (item[1] && (!size || chunk.count < size))
			continue;
		list_add(&to, value_list(c->e->at, chunk));
		chunk = (struct list){ 0 };
	}
	return value_list(c->e->at, to);
}

struct value *list_coalesce(const struct call *c)
{
	EACH(v, c->args)
		if ((*v)->kind != V_NULL)
			return *v;
	function_fail(c, "all arguments are null: give it one that is not");
}

struct value *list_coalescelist(const struct call *c)
{
	EACH(v, c->args)
		if ((*v)->list)
			return *v;
	function_fail(c, "all arguments are empty: give it one that is not");
}

struct value *list_compact(const struct call *c)
{
	struct list to = { 0 };
	EACH(item, c->args[0]->list)
		if ((*item)->kind != V_NULL && !same(value_text(*item), ""))
			list_add(&to, *item);
	return value_list(c->e->at, to);
}

struct value *list_concat(const struct call *c)
{
	struct list to = { 0 };
	EACH(v, c->args)
		add_all(&to, *v);
	return value_list(c->e->at, to);
}

struct value *list_contains(const struct call *c) { return value_bool(c->e->at, has(c->args[0]->list, c->args[1])); }

static void add_new(const struct call *c, struct list *to, struct value *v)
{
	if (to->count > MOST_COMPARED)
		function_fail(c, "the list has more than %d different items: make it shorter", MOST_COMPARED);
	spend(c->s->world, c->e->at, to->count + v->weight);
	if (!has((struct value **) to->at, v))
		list_add(to, v);
}

struct value *list_distinct(const struct call *c)
{
	struct list to = { 0 };
	EACH(item, c->args[0]->list)
		add_new(c, &to, *item);
	return value_list(c->e->at, to);
}

static int by_text(const void *a, const void *b)
{
	struct value *const *x = a, *const *y = b;
	return strcmp((*x)->string, (*y)->string);
}

struct value *list_sort(const struct call *c)
{
	struct list to = { 0 };
	EACH(item, c->args[0]->list) {
		if (!value_text(*item))
			function_fail(c, "an item is %s, and only strings can be sorted", value_kind(*item));
		list_add(&to, value_string((*item)->at, value_text(*item)));
	}
	if (to.count)
		qsort(to.at, to.count, sizeof *to.at, by_text);
	return value_list(c->e->at, to);
}

/* Sets are sorted, as Nomad's are: of what is text, at least. */
static struct value *set(const struct call *c, struct list items)
{
	struct value *all[] = { value_list(c->e->at, items), NULL };
	EACH(item, all[0]->list)
		if (!value_text(*item))
			return all[0];
	return list_sort(&(struct call){ c->e, c->s, all, 1 });
}

struct value *list_setunion(const struct call *c)
{
	struct list to = { 0 };
	EACH(v, c->args)
		EACH(item, (*v)->list)
			add_new(c, &to, *item);
	return set(c, to);
}

static bool in_all(const struct call *c, const struct value *v)
{
	EACH(list, c->args) {
		spend(c->s->world, c->e->at, count((*list)->list));
		if (!has((*list)->list, v))
			return false;
	}
	return true;
}

struct value *list_setintersection(const struct call *c)
{
	struct list to = { 0 };
	EACH(item, c->args[0]->list)
		if (in_all(c, *item))
			add_new(c, &to, *item);
	return set(c, to);
}

struct value *list_setsubtract(const struct call *c)
{
	struct list to = { 0 };
	spend(c->s->world, c->e->at, count(c->args[0]->list) * count(c->args[1]->list) / 16);
	EACH(item, c->args[0]->list)
		if (!has(c->args[1]->list, *item))
			add_new(c, &to, *item);
	return set(c, to);
}

/* Each list with one more item at its end. */
static void extend(const struct call *c, const struct value *list, const struct value *by, struct list *to)
{
	EACH(item, by->list) {
		struct list longer = { 0 };
		EACH(before, list->list)
			list_add(&longer, *before);
		list_add(&longer, *item);
		spend(c->s->world, c->e->at, longer.count);
		list_add(to, value_list(c->e->at, longer));
	}
}

struct value *list_setproduct(const struct call *c)
{
	struct list product = { 0 };
	list_add(&product, value_list(c->e->at, (struct list){ 0 }));
	EACH(by, c->args) {
		struct list longer = { 0 };
		EACH(list, (struct value **) product.at)
			extend(c, *list, *by, &longer);
		product = longer;
	}
	return value_list(c->e->at, product);
}

/* Counts on from the start when the index is beyond the end. */
struct value *list_element(const struct call *c)
{
	size_t n = count(c->args[0]->list), nth = function_index(c, c->args[1], 1 << 30);
	if (!n)
		function_fail(c, "the list is empty: it has no element to give");
	return c->args[0]->list[nth % n];
}

static void flatten(struct list *to, const struct value *v)
{
	EACH(item, v->list) {
		if ((*item)->kind == V_LIST)
			flatten(to, *item);
		else
			list_add(to, *item);
	}
}

struct value *list_flatten(const struct call *c)
{
	struct list to = { 0 };
	flatten(&to, c->args[0]);
	return value_list(c->e->at, to);
}

struct value *list_hasindex(const struct call *c)
{
	const struct value *v = c->args[0], *key = c->args[1];
	struct value *n;
	if (v->kind == V_OBJECT)
		return value_bool(c->e->at, value_text(key) && value_get(v, value_text(key)));
	bool is_number = value_to_number(key, &n);
	return value_bool(c->e->at, is_number && n->number >= 0 && n->number < (long double) count(v->list) &&
					    !strchr(n->string, '.'));
}

struct value *list_index(const struct call *c) { return value_index(c->args[0], c->args[1], c->e->at); }

struct value *list_keys(const struct call *c)
{
	struct list to = { 0 };
	struct member **members = value_sorted(c->args[0]);
	EACH(m, members)
		list_add(&to, value_string((*m)->at, (*m)->key));
	return value_list(c->e->at, to);
}

struct value *list_values(const struct call *c)
{
	struct list to = { 0 };
	struct member **members = value_sorted(c->args[0]);
	EACH(m, members)
		list_add(&to, (*m)->value);
	return value_list(c->e->at, to);
}

struct value *list_length(const struct call *c)
{
	const struct value *v = c->args[0];
	if (v->run)
		return eval_kept(c->e, c->s);
	if (v->kind == V_STRING)
		return whole(c, text_characters(v->string));
	if (v->kind != V_LIST && v->kind != V_OBJECT)
		function_fail(c, "%s has no length: give it a list, an object or a string", value_kind(v));
	return whole(c, v->kind == V_LIST ? count(v->list) : count(v->members));
}

struct value *list_lookup(const struct call *c)
{
	if (c->args[1]->run)
		return eval_kept(c->e, c->s);
	struct value *v = value_get(c->args[0], c->args[1]->string);
	if (v || c->count > 2)
		return v ? v : c->args[2];
	return value_step(c->args[0], c->args[1]->string, c->e->at);
}

struct value *list_merge(const struct call *c)
{
	struct list to = { 0 };
	EACH(v, c->args)
		EACH(m, (*v)->members)
			list_add(&to, *m);
	return value_object_of_last(c->e->at, to);
}

/* range(limit), range(start, limit), range(start, limit, step) */
struct value *list_range(const struct call *c)
{
	long double from = c->count > 1 ? c->args[0]->number : 0;
	long double to = c->args[c->count > 1]->number;
	long double step = c->count > 2 ? c->args[2]->number : to < from ? -1 : 1;
	struct list all = { 0 };

	if (step == 0 || (to != from && (to > from) != (step > 0)))
		function_fail(c, "step %s does not lead from the start to the limit", c->args[c->count - 1]->string);
	for (long double n = from; step > 0 ? n < to : n > to; n += step) {
		if (all.count == MOST_RANGE)
			function_fail(c, "more than %d values: use a smaller range or a larger step", MOST_RANGE);
		list_add(&all, value_number(c->e->at, n));
	}
	return value_list(c->e->at, all);
}

/* Nomad's reverses strings; a list is what people give it. */
struct value *list_reverse(const struct call *c)
{
	const struct value *v = c->args[0];
	struct list to = { 0 };
	if (v->kind == V_STRING)
		return text_strrev(c);
	if (v->kind != V_LIST)
		function_fail(c, "%s cannot be reversed: give it a string or a list", value_kind(v));
	for (size_t i = count(v->list); i; i--)
		list_add(&to, v->list[i - 1]);
	return value_list(c->e->at, to);
}

struct value *list_slice(const struct call *c)
{
	size_t n = count(c->args[0]->list), from = function_index(c, c->args[1], n),
	       to = function_index(c, c->args[2], n);
	struct list items = { 0 };
	if (from > to)
		function_fail(c, "the start, %zu, lies after the end, %zu: swap them", from, to);
	for (; from < to; from++)
		list_add(&items, c->args[0]->list[from]);
	return value_list(c->e->at, items);
}

struct value *list_zipmap(const struct call *c)
{
	struct value **keys = c->args[0]->list, **values = c->args[1]->list;
	struct list to = { 0 };

	if (count(keys) != count(values))
		function_fail(c, "%zu keys and %zu values: there must be as many of both", count(keys), count(values));
	for (; keys && *keys; keys++, values++) {
		if (!value_text(*keys))
			function_fail(c, "a key is %s, and only strings can be keys", value_kind(*keys));
		list_add(&to, member(value_text(*keys), (*keys)->at, *values));
	}
	return value_object_of_last(c->e->at, to);
}
