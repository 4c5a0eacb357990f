/* Reads an expression: recursive descent, one token ahead. */
#include "task/expr.h"

#include "base/mem.h"
#include "task/decimal.h"

#include <string.h>

#define LENGTH(a)  (sizeof(a) / sizeof(*(a)))
#define MOST_DEPTH 400 /* of the tree: a chain of operators is deep without being nested */

static const struct {
	int operator, binds;
} operators[] = {
	{ T_OR, 1 },       { T_AND, 2 }, { T_EQUAL, 3 }, { T_UNEQUAL, 3 }, { '<', 4 }, { '>', 4 }, { T_AT_MOST, 4 },
	{ T_AT_LEAST, 4 }, { '+', 5 },   { '-', 5 },     { '*', 6 },       { '/', 6 }, { '%', 6 },
};

struct expr *expr_new(enum expr_kind kind, const struct lexer *l)
{
	struct expr *e = mem(sizeof *e);
	e->kind = kind;
	e->at = l->where;
	e->start = l->at;
	return e;
}

static void stand_on(struct expr *e, const struct expr *child)
{
	if (child && child->depth >= e->depth)
		e->depth = child->depth + 1;
}

struct expr *expr_end(const struct lexer *l, struct expr *e)
{
	e->end = l->ended;
	stand_on(e, e->a);
	stand_on(e, e->b);
	stand_on(e, e->c);
	stand_on(e, e->d);
	EACH(item, e->list)
		stand_on(e, *item);
	if (e->depth > MOST_DEPTH)
		hcl_fail(e->at, "Expression too long; it has more than %d steps: name its parts in a locals block",
			 MOST_DEPTH);
	return e;
}

struct expr *expr_text(struct position at, const char *s)
{
	struct expr *e = mem(sizeof *e);
	e->kind = E_LITERAL;
	e->at = at;
	e->value = value_string(at, s);
	return e;
}

const char *expr_word(const struct expr *e)
{
	if (e->kind == E_NAME && !e->names)
		return e->name;
	return e->kind == E_LITERAL && e->value->kind == V_STRING ? e->value->string : NULL;
}

/* A new node over one that was read already, and so starts where that does. */
static struct expr *over(enum expr_kind kind, const struct lexer *l, struct expr *first)
{
	struct expr *e = expr_new(kind, l);
	e->at = first->at;
	e->start = first->start;
	e->a = first;
	return e;
}

static struct expr *numeral(struct lexer *l)
{
	struct expr *e = expr_new(E_LITERAL, l);
	const char *decimal = decimal_read(token_text(l));
	if (!decimal)
		hcl_fail(l->where, "Number too large; %s has more than 400 digits: write it as a string",
			 token_name(l));
	e->value = value_decimal(e->at, decimal);
	token_next(l);
	return expr_end(l, e);
}

static struct list arguments(struct lexer *l, int close, bool *spread);

static struct expr *call(struct lexer *l, struct expr *e)
{
	e->kind = E_CALL;
	e->list = (struct expr **) arguments(l, ')', &e->spread).at;
	return expr_end(l, e);
}

static struct value *keyword(const struct lexer *l)
{
	if (token_is(l, "true") || token_is(l, "false"))
		return value_bool(l->where, token_is(l, "true"));
	return token_is(l, "null") ? value_null(l->where) : NULL;
}

static struct expr *name(struct lexer *l)
{
	struct expr *e = expr_new(E_NAME, l);
	e->value = keyword(l);
	e->name = token_text(l);
	if (!e->value && l->literal)
		hcl_fail(
			l->where,
			"Invalid expression; %s is a bare word, and this file holds plain values: enclose it in quotes",
			token_name(l));
	token_next(l);
	if (e->value)
		e->kind = E_LITERAL;
	else if (l->kind == '(')
		return call(l, e);
	return expr_end(l, e);
}

void expr_iterators(struct lexer *l, struct expr *to)
{
	static const char title[] = "Invalid for expression",
			  detail[] = "write it as \"for NAME in LIST\" or \"for KEY, VALUE in MAP\"";

	to->name = token_text(l);
	token_expect(l, T_NAME, title, detail);
	if (l->kind == ',') {
		token_next(l);
		to->key = to->name;
		to->name = token_text(l);
		token_expect(l, T_NAME, title, detail);
	}
	if (!token_is(l, "in"))
		hcl_fail(l->where, "%s; found %s: %s", title, token_name(l), detail);
	token_next(l);
}

static struct expr *comprehension(struct lexer *l, struct expr *e, int close)
{
	e->kind = E_FOR;
	token_next(l);
	expr_iterators(l, e);
	e->a = expr_read(l);
	token_expect(l, ':', "Invalid for expression", "a colon (:) stands after the collection");
	e->c = expr_read(l);
	if (close == '}') {
		e->b = e->c;
		token_expect(l, T_ARROW, "Invalid for expression", "an object needs KEY => VALUE after the colon");
		e->c = expr_read(l);
		e->spread = l->kind == T_DOTS;
		if (e->spread)
			token_next(l);
	}
	if (token_is(l, "if")) {
		token_next(l);
		e->d = expr_read(l);
	}
	return e;
}

static _Noreturn void fail_unclosed(const struct lexer *l, struct position open, int close)
{
	if (l->kind == T_END)
		hcl_fail(open, "Unclosed bracket; there is no \"%c\" for this one before the end of %s: add it", close,
			 l->still ? "the text" : "the file");
	hcl_fail(
		l->where,
		"Missing item separator; found %s: expected a comma before the next item, or \"%c\" after the last one",
		token_name(l), close);
}

/* From after the opening bracket, which is the current token, to after the closing one. */
static struct list items(struct lexer *l, struct position open, int close, bool *spread)
{
	struct list to = { 0 };
	while (l->kind != close) {
		if (l->kind == T_END)
			fail_unclosed(l, open, close);
		list_add(&to, expr_read(l));
		*spread = spread && l->kind == T_DOTS;
		if (*spread)
			token_next(l);
		if (l->kind == ',' && !*spread)
			token_next(l);
		else if (l->kind != close)
			fail_unclosed(l, open, close);
	}
	return to;
}

static struct list arguments(struct lexer *l, int close, bool *spread)
{
	bool newlines = l->newlines;
	struct position open = l->where;

	l->newlines = false;
	token_next(l);
	struct list to = items(l, open, close, spread);
	l->newlines = newlines;
	token_next(l);
	return to;
}

static struct expr *list(struct lexer *l)
{
	struct expr *e = expr_new(E_LIST, l);
	bool newlines = l->newlines, spread;

	l->newlines = false;
	token_next(l);
	if (token_is(l, "for") && !l->literal)
		comprehension(l, e, ']');
	else
		e->list = (struct expr **) items(l, e->at, ']', &spread).at;
	if (l->kind != ']')
		fail_unclosed(l, e->at, ']');
	l->newlines = newlines;
	token_next(l);
	return expr_end(l, e);
}

static struct expr *group(struct lexer *l)
{
	struct position open = l->where;
	const char *start = l->at;
	bool newlines = l->newlines;

	l->newlines = false;
	token_next(l);
	struct expr *e = expr_read(l);
	if (l->kind != ')')
		hcl_fail(l->where, "Unbalanced parentheses; found %s: expected \")\" for the \"(\" at %s",
			 token_name(l), hcl_place(open));
	l->newlines = newlines;
	token_next(l);
	e->start = start;
	return expr_end(l, e);
}

/* A bare word is itself; a reference stands in parentheses. */
static struct expr *key(struct lexer *l)
{
	struct expr *e = expr_new(E_LITERAL, l);

	if (l->kind == T_QUOTE)
		return template_quoted(l);
	if (l->kind == '(' && !l->literal)
		return group(l);
	if (l->kind != T_NAME && l->kind != T_NUMBER)
		hcl_fail(l->where, "Invalid object key; found %s: expected a name or a string, then \"=\"",
			 token_name(l));
	e->value = value_string(l->where, token_text(l));
	token_next(l);
	if (l->kind == '.')
		hcl_fail(e->at, "Ambiguous attribute key; enclose it in quotes if it is a name, in parentheses if it "
				"is a reference");
	return expr_end(l, e);
}

static void pairs(struct lexer *l, struct position open, struct list *to)
{
	for (token_newlines(l); l->kind != '}'; token_newlines(l)) {
		if (l->kind == T_END)
			hcl_fail(open, "Unclosed object; there is no closing brace for this one before the end of the "
				       "file: add \"}\"");
		list_add(to, key(l));
		if (l->kind != '=' && l->kind != ':')
			hcl_fail(l->where, "Missing attribute value; found %s: expected \"=\" or \":\" after the key",
				 token_name(l));
		token_next(l);
		if (l->literal)
			token_newlines(l);
		list_add(to, expr_read(l));
		if (l->kind == ',')
			token_next(l);
		else if (l->kind != '}' && l->kind != T_NEWLINE && l->kind != T_END && (!l->literal || l->json))
			hcl_fail(l->where,
				 "Missing attribute separator; found %s: expected a newline or a comma before the next "
				 "key",
				 token_name(l));
	}
}

static struct expr *object(struct lexer *l)
{
	struct expr *e = expr_new(E_OBJECT, l);
	bool newlines = l->newlines;
	struct list to = { 0 };

	l->newlines = false;
	token_next(l);
	if (token_is(l, "for") && !l->literal) {
		comprehension(l, e, '}');
		if (l->kind != '}')
			fail_unclosed(l, e->at, '}');
	} else {
		l->newlines = !l->json;
		pairs(l, e->at, &to);
		e->list = (struct expr **) to.at;
	}
	l->newlines = newlines;
	token_next(l);
	return expr_end(l, e);
}

static struct expr *primary(struct lexer *l)
{
	switch (l->kind) {
	case T_NUMBER: return numeral(l);
	case T_NAME: return name(l);
	case T_QUOTE: return template_quoted(l);
	case T_HEREDOC: return template_heredoc(l);
	case '[': return list(l);
	case '{': return object(l);
	case '(':
		if (!l->literal)
			return group(l);
	}
	hcl_fail(l->where, "Invalid expression; found %s: expected a value, such as \"text\", 1, true, [ ] or { }",
		 token_name(l));
}

static struct expr *item(const struct lexer *l)
{
	struct expr *e = expr_new(E_ITEM, l);
	e->end = l->at;
	return e;
}

static struct expr *get(struct lexer *l, struct expr *base)
{
	if (l->kind != T_NAME && l->kind != T_NUMBER)
		hcl_fail(l->where, "Invalid attribute name; found %s: expected a name after the dot", token_name(l));
	const char *attribute = token_text(l);
	struct expr *e = base;
	if (base->kind == E_NAME) {
		e->names = append(e->names, attribute);
		if (count(e->names) > MOST_DEPTH)
			hcl_fail(e->at, "Expression too long; it has more than %d steps: shorten it", MOST_DEPTH);
	} else {
		e = over(E_GET, l, base);
		e->name = attribute;
	}
	token_next(l);
	return expr_end(l, e);
}

static struct expr *steps(struct lexer *, struct expr *base, bool names_only);

static struct expr *splat(struct lexer *l, struct expr *base, bool names_only)
{
	struct expr *e = over(E_SPLAT, l, base);
	token_enter(l);
	token_next(l);
	e->b = steps(l, item(l), names_only);
	token_leave(l);
	return expr_end(l, e);
}

static struct expr *index_or_splat(struct lexer *l, struct expr *base)
{
	bool newlines = l->newlines;
	struct position open = l->where;
	struct expr *e = over(E_INDEX, l, base);

	l->newlines = false;
	token_next(l);
	bool all = l->kind == '*';
	if (all)
		token_next(l);
	else
		e->b = expr_read(l);
	l->newlines = newlines;
	if (l->kind != ']')
		hcl_fail(l->where, "Missing close bracket on index; found %s: expected \"]\" for the \"[\" at %s",
			 token_name(l), hcl_place(open));
	if (all)
		return splat(l, base, false);
	token_next(l);
	return expr_end(l, e);
}

/* What follows a value: .name, .0, [index], [*] and .* */
static struct expr *steps(struct lexer *l, struct expr *e, bool names_only)
{
	while (l->kind == '.' || (l->kind == '[' && !names_only)) {
		if (l->kind == '[') {
			e = index_or_splat(l, e);
			continue;
		}
		token_next(l);
		e = l->kind == '*' ? splat(l, e, true) : get(l, e);
	}
	return e;
}

static struct expr *unary(struct lexer *l)
{
	if (l->kind != '-' && l->kind != '!')
		return l->literal ? primary(l) : steps(l, primary(l), false);
	struct expr *e = expr_new(E_UNARY, l);
	token_enter(l);
	e->operator= l->kind;
	token_next(l);
	e->a = unary(l);
	token_leave(l);
	return expr_end(l, e);
}

static int binds(int operator)
{
	for (size_t i = 0; i < LENGTH(operators); i++)
		if (operators[i].operator== operator)
			return operators[i].binds;
	return 0;
}

static struct expr *binary(struct lexer *l, int least)
{
	struct expr *e = unary(l);
	for (int strength; (strength = binds(l->kind)) >= least;) {
		struct expr *both = over(E_BINARY, l, e);
		both->operator= l->kind;
		token_next(l);
		both->b = binary(l, strength + 1);
		e = expr_end(l, both);
	}
	return e;
}

static struct expr *choice(struct lexer *l)
{
	struct expr *condition = binary(l, 1);
	if (l->kind != '?')
		return condition;
	struct expr *e = over(E_CHOICE, l, condition);
	token_next(l);
	e->b = expr_read(l);
	token_expect(l, ':', "Missing false expression in conditional", "write it as CONDITION ? IF_TRUE : IF_FALSE");
	e->c = expr_read(l);
	return expr_end(l, e);
}

struct expr *expr_read(struct lexer *l)
{
	token_enter(l);
	struct expr *e = l->literal ? unary(l) : choice(l);
	token_leave(l);
	return e;
}
