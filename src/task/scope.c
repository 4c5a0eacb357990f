/* Names: iterators, variables, locals. */
#include "base/mem.h"
#include "task/eval.h"

#include <string.h>

void scope_define(struct list *to, const char *name, struct position at, const struct expr *expr,
		  const struct expr *type)
{
	struct definition *d = mem(sizeof *d);
	*d = (struct definition){ .name = name, .at = at, .expr = expr, .type = type };
	list_add(to, d);
}

void scope_rule(struct list *to, const struct expr *condition, const struct expr *message, struct position at)
{
	struct definition *last = to->at[to->count - 1];
	struct rule *r = mem(sizeof *r);
	if (!condition || !message)
		hcl_fail(at,
			 "Invalid validation block; it takes a condition and an error_message: add what is missing");
	*r = (struct rule){ condition, message };
	list_add(&last->rules, r);
}

static void check_names(struct definition **list)
{
	struct list members = { 0 };
	EACH(d, list)
		list_add(&members, member((*d)->name, (*d)->at, value_null((*d)->at)));
	if (list && *list)
		value_object((*list)->at, members);
}

void scope_check(const struct world *w)
{
	check_names(w->variables);
	check_names(w->locals);
}

/* "string", or "list" of list(string), whose argument is *of. */
static const char *type_name(const struct expr *type, const struct expr **of)
{
	*of = type->kind == E_CALL && type->list && !type->list[1] ? type->list[0] : NULL;
	return type->kind == E_CALL ? type->name : expr_word(type);
}

static struct value *convert(struct value *, const struct expr *type, const char *name) __attribute__((nonnull(1)));

static struct value *convert_items(struct value *v, const struct expr *type, const char *name)
{
	struct list to = { 0 };
	EACH(item, v->list)
		list_add(&to, convert(*item, type, name));
	EACH(m, v->members)
		list_add(&to, member((*m)->key, (*m)->at, convert((*m)->value, type, name)));
	return v->kind == V_LIST ? value_list(v->at, to) : value_object(v->at, to);
}

static const struct {
	const char *type;
	enum value_kind kind;
} types[] = {
	{ "string", V_STRING }, { "number", V_NUMBER }, { "bool", V_BOOL },     { "list", V_LIST }, { "set", V_LIST },
	{ "tuple", V_LIST },    { "map", V_OBJECT },    { "object", V_OBJECT }, { "any", V_NULL },  { NULL, V_NULL },
};

static enum value_kind type_kind(const struct expr *type, const struct expr **of)
{
	const char *word = type_name(type, of);
	for (size_t i = 0; types[i].type; i++)
		if (same(types[i].type, word))
			return types[i].kind;
	hcl_fail(type->at,
		 "Invalid type specification; %s is none: use string, number, bool, list(...), map(...) or any",
		 clip(type->start, (size_t) (type->end - type->start)));
}

/* V_NULL: any.  Fails on a value that is none of the type's. */
static struct value *convert_kind(struct value *v, enum value_kind kind)
{
	struct value *n;
	bool yes;
	if (kind == V_NULL || v->kind == V_NULL || v->kind == kind)
		return v;
	if (kind == V_STRING && value_text(v))
		return value_string(v->at, value_text(v));
	if (kind == V_NUMBER && value_to_number(v, &n))
		return n;
	if (kind == V_BOOL && value_to_bool(v, &yes))
		return value_bool(v->at, yes);
	return NULL;
}

static struct value *convert(struct value *v, const struct expr *type, const char *name)
{
	const struct expr *of;
	enum value_kind kind = type_kind(type, &of);
	struct value *converted = convert_kind(v, kind);
	if (!converted)
		hcl_fail(v->at, "Invalid value for variable; \"%s\" is declared as %s at %s, this is %s%s", name,
			 clip(type->start, (size_t) (type->end - type->start)), hcl_place(type->at), value_kind(v),
			 value_text(v) ? fmt(": %s", clip(value_text(v), strlen(value_text(v)))) : "");
	bool nests = of && (kind == V_LIST || kind == V_OBJECT) && converted->kind == kind && of->kind != E_OBJECT &&
		     of->kind != E_LIST;
	return nests ? convert_items(converted, of, name) : converted;
}

static void obey(const struct definition *d, const struct expr *use, const struct scope *s)
{
	EACH(r, (struct rule **) d->rules.at) {
		const struct value *v = eval((*r)->condition, &(struct scope){ .world = s->world });
		bool yes;
		if (!value_to_bool(v, &yes))
			hcl_fail(v->at, "Invalid validation condition; true or false is required, this is %s",
				 value_kind(v));
		if (!yes)
			hcl_fail(use->at, "Invalid value for variable; \"%s\": %s", d->name,
				 eval_text((*r)->message, &(struct scope){ .world = s->world }, "error_message"));
	}
}

static struct value *evaluate(struct definition *d, const struct expr *use, const struct scope *s, const char *root)
{
	if (d->value)
		return d->value;
	if (d->busy)
		hcl_fail(d->at, "Circular definition; %s.%s leads back to itself (at %s): break the circle", root,
			 d->name, hcl_place(use->at));
	if (!d->expr)
		hcl_fail(use->at,
			 "Unset variable \"%s\"; it is declared at %s without a default: give it one, or pass --var "
			 "%s=VALUE",
			 d->name, hcl_place(d->at), d->name);
	d->busy = true;
	struct value *v = eval(d->expr, &(struct scope){ .world = s->world });
	d->value = d->type ? convert(v, d->type, d->name) : v;
	d->busy = false;
	obey(d, use, s);
	return d->value;
}

static const char *suggestion(struct definition **list, const char *name)
{
	struct list names = { 0 };
	EACH(d, list)
		list_add(&names, (*d)->name);
	const char *like = nearest((const char *const *) names.at, name);
	return like ? fmt(", did you mean \"%s\"?", like) : "";
}

static struct value *named(struct definition **list, const struct expr *use, const struct scope *s, const char *block)
{
	if (!use->names)
		hcl_fail(use->at, "Invalid reference; %s stands for nothing alone: write %s.NAME", use->name,
			 use->name);
	EACH(d, list) {
		if (same((*d)->name, use->names[0]))
			return evaluate(*d, use, s, use->name);
		spend(s->world, use->at, 1);
	}
	hcl_fail(use->at, "Unsupported attribute; there is no %s.%s%s: declare it in a %s block", use->name,
		 use->names[0], suggestion(list, use->names[0]), block);
}

void scope_evaluate(struct world *w)
{
	struct scope s = { .world = w };
	EACH(d, w->variables)
		if ((*d)->expr)
			evaluate(*d, (*d)->expr, &s, "var");
	EACH(d, w->locals)
		if ((*d)->expr)
			evaluate(*d, (*d)->expr, &s, "local");
}

struct value *scope_find(const struct expr *e, const struct scope *s)
{
	struct value *v;
	const char **names = e->names;

	const struct scope *at = s;
	do
		v = same(at->name, e->name) && at->name ? at->value : NULL;
	while (!v && (at = at->up));
	bool root = !v && s->world->definitions;
	if (root && same(e->name, "var"))
		v = named(s->world->variables, e, s, "variable");
	else if (root && same(e->name, "local"))
		v = named(s->world->locals, e, s, "locals");
	else
		root = false;
	if (!v)
		return NULL;
	if (root && names)
		names++;
	for (; names && *names && !v->run; names++) {
		spend(s->world, e->at, v->weight / 16);
		v = value_step(v, *names, e->at);
	}
	return v;
}

/* As Nomad does it: the value of a list or an object is an expression, any other is the text as it is. */
static bool is_compound(const struct definition *d)
{
	const struct expr *of;
	enum value_kind kind = d->type ? type_kind(d->type, &of) : V_NULL;
	if (kind == V_NULL)
		return d->expr && (d->expr->kind == E_LIST || d->expr->kind == E_OBJECT);
	return kind == V_LIST || kind == V_OBJECT;
}

static const struct expr *given(const struct definition *d, const char *value, struct position at)
{
	if (!is_compound(d))
		return expr_text(at, value);
	struct lexer l = token_reopen(value, at);
	token_next(&l);
	const struct expr *e = expr_read(&l);
	if (l.kind != T_END)
		hcl_fail(at, "Extra characters after expression; found %s in the value of \"%s\": remove it",
			 token_name(&l), d->name);
	return e;
}

static struct definition *variable(const struct world *w, const char *name)
{
	EACH(d, w->variables)
		if (same((*d)->name, name))
			return *d;
	return NULL;
}

void scope_set(struct world *w, const char *assignment, const char *option)
{
	size_t length = strcspn(assignment, "=");
	const char *name = text_n(assignment, length);
	struct definition *d = variable(w, name);

	if (!d && !option)
		return;
	if (!length || assignment[length] != '=')
		fail_as(MISUSE, "%s %s: is no assignment: write %s NAME=VALUE", option, assignment, option);
	if (!d)
		fail_as(MISUSE,
			"%s %s: Undefined variable; the file declares none of this name%s: add variable \"%s\" {}",
			option, assignment, suggestion(w->variables, name), name);
	const char *from = option ? fmt("%s %s", option, name) : fmt("NOMAD_VAR_%s", name);
	d->expr = given(d, assignment + length + 1, (struct position){ from, 0, 0 });
}

void scope_give(struct world *w, const char *name, const struct expr *value, struct position at)
{
	struct definition *d = variable(w, name);
	if (!d)
		hcl_fail(at, "Undefined variable; the job declares no variable \"%s\"%s: remove it", name,
			 suggestion(w->variables, name));
	d->expr = value;
}
