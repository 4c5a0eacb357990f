/* Expressions to values.  A value that waits for the run (value.run) makes wait what is computed from it, and passes
 * through what only moves it: lists, objects, the text of a template. */
#include "task/eval.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define MOST_NESTING 1000
#define MOST_WORK    ((size_t) 32 * 1024 * 1024)

/* A step costs 16, a byte that is made or walked about 1. */
void spend(struct world *w, struct position at, size_t work)
{
	w->work += work;
	if (w->work > MOST_WORK)
		hcl_fail(at, "Too much to evaluate; the file's loops and strings grow beyond all measure: make them "
			     "smaller");
}

struct value *value_step(struct value *v, const char *name, struct position at)
{
	if (v->kind == V_LIST)
		return value_index(v, value_string(at, name), at);
	struct value *got = v->kind == V_OBJECT ? value_get(v, name) : NULL;
	if (got)
		return got;
	if (v->kind != V_OBJECT)
		hcl_fail(at, "Unsupported attribute; %s has no attribute named \"%s\"", value_kind(v), name);
	struct list keys = { 0 };
	EACH(m, v->members)
		list_add(&keys, (*m)->key);
	const char *like = nearest((const char *const *) keys.at, name);
	hcl_fail(at, "Unsupported attribute; this object has no attribute named \"%s\"%s", name,
		 like ? fmt(": did you mean \"%s\"?", like) : "");
}

struct value *value_index(struct value *v, const struct value *key, struct position at)
{
	if (v->kind == V_OBJECT && value_text(key))
		return value_step(v, value_text(key), at);
	if (v->kind != V_LIST)
		hcl_fail(at, "Invalid index; %s cannot be indexed by %s", value_kind(v), value_kind(key));
	struct value *n;
	size_t length = count(v->list);
	if (!value_to_number(key, &n) || !(n->number >= 0 && n->number < (long double) length) ||
	    strchr(n->string, '.'))
		hcl_fail(at, "Invalid index; this list has %zu items, counted from 0: there is none at %s", length,
			 value_text(key) ? value_text(key) : value_kind(key));
	return v->list[(size_t) n->number];
}

static struct value *waits(const struct expr *e, const struct scope *s) { return eval_kept(e, s); }

static struct value *literal(const struct expr *e, const struct scope *s)
{
	(void) s;
	return e->value;
}

static const char *dotted(const struct expr *e)
{
	return e->names ? fmt("%s.%s", e->name, join(e->names, ".")) : e->name;
}

static struct value *look_up(const struct expr *e, const struct scope *s, const char *name)
{
	const struct world *w = s->world;
	const char *value = w->lookup(name, w->context);
	if (value)
		return value_string(e->at, value);
	const char *like = nearest(w->known, name);
	hcl_fail(e->at,
		 "Unknown variable; There is no variable named \"%s\"%s: for a literal ${ write $${ (in a job file "
		 "$$${)",
		 name, like ? fmt(", did you mean \"%s\"?", like) : "");
}

static struct value *name(const struct expr *e, const struct scope *s)
{
	struct value *v = scope_find(e, s);
	if (v)
		return v;
	if (!s->world->lookup)
		return waits(e, s);
	bool flat = same(e->name, "env") && e->names;
	return look_up(e, s, flat ? join(e->names, ".") : dotted(e));
}

static struct value *get(const struct expr *e, const struct scope *s)
{
	struct value *base = eval(e->a, s);
	spend(s->world, e->at, base->weight / 16);
	return base->run ? waits(e, s) : value_step(base, e->name, e->at);
}

/* env["a.b"] or meta["a.b"] at run time: names, not objects. */
static struct value *look_up_indexed(const struct expr *e, const struct scope *s, const struct value *key)
{
	const char *text = value_text(key);
	if (!text)
		hcl_fail(e->at, "Invalid index; %s is no name: a string is required", value_kind(key));
	return look_up(e, s, same(e->a->name, "env") && !e->a->names ? text : fmt("%s.%s", dotted(e->a), text));
}

static struct value *indexed(const struct expr *e, const struct scope *s)
{
	struct value *key = eval(e->b, s);
	if (s->world->lookup && e->a->kind == E_NAME && !scope_find(e->a, s))
		return look_up_indexed(e, s, key);
	struct value *base = eval(e->a, s);
	spend(s->world, e->at, base->weight / 16);
	return base->run || key->run ? waits(e, s) : value_index(base, key, e->at);
}

static struct value *splat(const struct expr *e, const struct scope *s)
{
	struct value *base = eval(e->a, s);
	struct list to = { 0 };
	if (base->run)
		return waits(e, s);
	struct value *alone[] = { base->kind == V_NULL ? NULL : base, NULL };
	EACH(item, base->kind == V_LIST ? base->list : alone)
		list_add(&to, eval(e->b, &(struct scope){ s->world, s, "*", *item }));
	return value_list(e->at, to);
}

/* The nearest "*" is the splat that is being walked. */
static struct value *splat_item(const struct expr *e, const struct scope *s)
{
	(void) e;
	while (!same(s->name, "*"))
		s = s->up;
	return s->value;
}

static struct value *unary(const struct expr *e, const struct scope *s)
{
	struct value *v = eval(e->a, s);
	return v->run ? waits(e, s) : operator_unary(e, v);
}

static struct value *binary(const struct expr *e, const struct scope *s)
{
	struct value *a = eval(e->a, s), *b = eval(e->b, s);
	spend(s->world, e->at, a->weight + b->weight);
	return value_waits(a) || value_waits(b) ? waits(e, s) : operator_binary(e, a, b);
}

/* Also of %{ if } and of the filter of a loop.  -1: only the run knows. */
static int condition(const struct expr *e, const struct scope *s)
{
	struct value *v = eval(e, s);
	bool yes;
	if (v->run)
		return -1;
	if (!value_to_bool(v, &yes))
		hcl_fail(v->at, "Incorrect condition type; true or false is required, this is %s", value_kind(v));
	return yes;
}

static struct value *choice(const struct expr *e, const struct scope *s)
{
	int yes = condition(e->a, s);
	return yes < 0 ? waits(e, s) : eval(yes ? e->b : e->c, s);
}

static void add_arguments(struct list *to, const struct expr *last, struct value *v, bool spread)
{
	if (!spread) {
		list_add(to, v);
		return;
	}
	if (v->kind != V_LIST)
		hcl_fail(last->at, "Invalid expanding argument value; a list is required before \"...\", this is %s",
			 value_kind(v));
	EACH(item, v->list)
		list_add(to, *item);
}

static struct value *call(const struct expr *e, const struct scope *s)
{
	struct list arguments = { 0 };
	EACH(a, e->list) {
		struct value *v = eval(*a, s);
		bool spread = e->spread && !a[1];
		if (spread && v->run)
			return waits(e, s);
		spend(s->world, e->at, v->weight);
		add_arguments(&arguments, *a, v, spread);
	}
	struct call c = { e, s, (struct value **) arguments.at, arguments.count };
	const struct functions *f = s->world->functions;
	struct value *v = f->waits(&c) ? waits(e, s) : f->make(&c);
	spend(s->world, e->at, v->weight);
	return v;
}

static struct value *list(const struct expr *e, const struct scope *s)
{
	struct list to = { 0 };
	EACH(item, e->list)
		list_add(&to, eval(*item, s));
	return value_list(e->at, to);
}

const char *eval_text(const struct expr *e, const struct scope *s, const char *what)
{
	const struct value *v = eval(e, s);
	if (!value_text(v))
		hcl_fail(v->at, "Unsuitable value type; %s must be a string, this is %s", what, value_kind(v));
	return value_text(v);
}

static struct value *object(const struct expr *e, const struct scope *s)
{
	struct list to = { 0 };
	for (struct expr **item = e->list; item && *item; item += 2)
		list_add(&to, member(eval_text(item[0], s, "a key"), item[0]->at, eval(item[1], s)));
	return value_object(e->at, to);
}

static void each_entry(const struct scope *s, const struct expr *loop, struct value *key, struct value *value,
		       void (*entry)(void *, const struct expr *, const struct scope *), void *to)
{
	struct scope outer = { s->world, s, loop->key, key };
	struct scope inner = { s->world, loop->key ? &outer : s, loop->name, value };
	entry(to, loop, &inner);
}

void eval_each(const struct value *v, const struct scope *s, const struct expr *loop,
	       void (*entry)(void *, const struct expr *, const struct scope *), void *to)
{
	if (v->kind != V_LIST && v->kind != V_OBJECT)
		hcl_fail(v->at, "Iteration over non-iterable value; a list or an object is required, this is %s",
			 value_kind(v));
	struct member **members = value_sorted(v);
	for (size_t i = 0; v->list && v->list[i]; i++)
		each_entry(s, loop, value_number(v->at, (long double) i), v->list[i], entry, to);
	EACH(m, members)
		each_entry(s, loop, value_string((*m)->at, (*m)->key), (*m)->value, entry, to);
}

struct loop {
	struct list to;
	bool waits;
};

/* {for ... => value...}: the values of one key become a list. */
static struct member *gather(struct list *to, const char *key, struct position at)
{
	EACH(m, (struct member **) to->at)
		if (same((*m)->key, key))
			return *m;
	list_add(to, member(key, at, value_list(at, (struct list){ 0 })));
	return to->at[to->count - 1];
}

static void add_entry(void *into, const struct expr *e, const struct scope *s)
{
	struct loop *l = into;
	int wanted = e->d ? condition(e->d, s) : 1;

	l->waits |= wanted < 0;
	if (wanted < 1)
		return;
	struct value *v = eval(e->c, s);
	if (!e->b) {
		list_add(&l->to, v);
		return;
	}
	const char *key = eval_text(e->b, s, "a key");
	if (!e->spread) {
		list_add(&l->to, member(key, e->b->at, v));
		return;
	}
	spend(s->world, e->at, 4 * l->to.count);
	struct member *m = gather(&l->to, key, e->b->at);
	struct list longer = { 0 };
	EACH(item, m->value->list)
		list_add(&longer, *item);
	list_add(&longer, v);
	m->value = value_list(m->at, longer);
}

static struct value *comprehension(const struct expr *e, const struct scope *s)
{
	struct loop l = { 0 };
	struct value *over = eval(e->a, s);
	if (over->run)
		return waits(e, s);
	eval_each(over, s, e, add_entry, &l);
	if (l.waits)
		return waits(e, s);
	return e->b ? value_object(e->at, l.to) : value_list(e->at, l.to);
}

struct print {
	struct text text;
	const struct expr *run; /* the part that waits */
};

static void add_part(struct print *p, const struct expr *part, const struct scope *s)
{
	const struct value *v = eval(part, s);
	const char *text = value_text(v);
	if (!text)
		hcl_fail(part->at,
			 "Invalid template interpolation value; a string is required, this is %s: use join or "
			 "jsonencode",
			 value_kind(v));
	if (v->run)
		p->run = part;
	spend(s->world, part->at, strlen(text));
	grow(&p->text, text, strlen(text), part->at);
}

static struct value *printed(const struct expr *e, const struct print *p)
{
	struct value *v = value_string(e->at, p->text.at);
	v->run = p->run;
	return v;
}

/* "${x}" alone is x itself, not its text. */
static struct value *template(const struct expr *e, const struct scope *s)
{
	struct print p = { 0 };
	if (e->list[0]->kind == E_INSERT && !e->list[1])
		return eval(e->list[0], s);
	EACH(part, e->list)
		add_part(&p, *part, s);
	return printed(e, &p);
}

/* What came from further away is text already; of what waits just here the braces are kept, blanks and all. */
static struct value *insert(const struct expr *e, const struct scope *s)
{
	struct value *v = eval(e->a, s);
	return v->run == e->a ? waits(e, s) : v;
}

static void add_round(void *to, const struct expr *e, const struct scope *s) { add_part(to, e->c, s); }

static struct value *repeat(const struct expr *e, const struct scope *s)
{
	struct print p = { 0 };
	struct value *over = eval(e->a, s);
	if (over->run)
		return waits(e, s);
	eval_each(over, s, e, add_round, &p);
	return printed(e, &p);
}

static struct value *(*const evaluators[])(const struct expr *, const struct scope *) = {
	[E_LITERAL] = literal,   [E_NAME] = name,         [E_GET] = get,       [E_INDEX] = indexed,
	[E_SPLAT] = splat,       [E_ITEM] = splat_item,   [E_UNARY] = unary,   [E_BINARY] = binary,
	[E_CHOICE] = choice,     [E_CALL] = call,         [E_LIST] = list,     [E_OBJECT] = object,
	[E_FOR] = comprehension, [E_TEMPLATE] = template, [E_INSERT] = insert, [E_REPEAT] = repeat,
};

/* A value that was named knows the place of its use: there the reader looks when something is wrong with it. */
static struct value *placed(struct value *v, const struct expr *e)
{
	bool moved = e->kind == E_NAME || e->kind == E_GET || e->kind == E_INDEX;
	if (!moved || (v->at.line == e->at.line && v->at.column == e->at.column))
		return v;
	struct value *copy = mem(sizeof *copy);
	*copy = *v;
	copy->at = e->at;
	return copy;
}

struct value *eval(const struct expr *e, const struct scope *s)
{
	if (++s->world->depth > MOST_NESTING)
		hcl_fail(e->at, "Nested too deeply; locals and expressions lead through %d others: take it apart",
			 MOST_NESTING);
	spend(s->world, e->at, 16);
	struct value *v = placed(evaluators[e->kind](e, s), e);
	s->world->depth--;
	return v;
}
