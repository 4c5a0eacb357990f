/* Reads blocks and attributes: the part of HCL in which a newline means something. */
#include "task/body.h"

#include "base/mem.h"

#include <string.h>

static const char *entry_name(struct lexer *l)
{
	const char *name = token_text(l);

	if (l->kind == T_QUOTE && l->literal) {
		const struct expr *e = template_quoted(l);
		return e->value->string;
	}
	if (l->kind == T_QUOTE)
		hcl_fail(
			l->where,
			"Invalid argument name; Argument names must not be quoted: remove the quotes, or use an object "
			"(NAME = { \"key\" = ... }) where any key is allowed");
	if (l->kind == '}')
		hcl_fail(l->where,
			 "Unbalanced brace; this \"}\" closes no block: remove it, or look for a missing \"{\" above");
	if (l->kind != T_NAME)
		hcl_fail(l->where, "Argument or block definition required; found %s: expected NAME = VALUE or NAME { }",
			 token_name(l));
	token_next(l);
	return name;
}

static const struct expr *label(struct lexer *l)
{
	if (l->kind == T_NAME) {
		struct expr *bare = expr_text(l->where, token_text(l));
		token_next(l);
		return bare;
	}
	const struct expr *e = template_quoted(l);
	if (e->kind != E_LITERAL)
		hcl_fail(e->at, "Invalid string literal; a label holds no ${ } or %%{ }: write $${ if it is meant "
				"literally, or use a "
				"dynamic block");
	return e;
}

static struct body *body(struct lexer *, const struct position *open);

static void read_block(struct lexer *l, struct entry *e)
{
	struct list labels = { 0 };
	struct position open;

	while (l->kind == T_NAME || l->kind == T_QUOTE)
		list_add(&labels, label(l));
	if (l->kind != '{')
		hcl_fail(l->where,
			 "Invalid block definition; found %s after \"%s\": expected \"=\" and a value, or labels and "
			 "an opening "
			 "brace (\"{\") on the same line",
			 token_name(l), e->name);
	e->labels = (const struct expr **) labels.at;
	open = l->where;
	token_enter(l);
	token_next(l);
	e->body = body(l, &open);
	token_leave(l);
	token_next(l);
}

static struct entry *read_entry(struct lexer *l)
{
	struct entry *e = mem(sizeof *e);
	e->at = l->where;
	e->name = entry_name(l);
	if (l->kind != '=') {
		read_block(l, e);
		return e;
	}
	token_next(l);
	e->value = expr_read(l);
	return e;
}

/* HCL1 does not care whether a newline, a comma or nothing stands between two of them. */
static void end_entry(struct lexer *l, const struct entry *e)
{
	if (l->kind == T_NEWLINE || (l->literal && l->kind == ','))
		token_next(l);
	else if (l->kind != '}' && l->kind != T_END && !l->literal)
		hcl_fail(l->where,
			 "Missing newline after %s; found %s after \"%s\": put it on a line of its own, or in quotes "
			 "if it "
			 "belongs to the value",
			 e->value ? "argument" : "block definition", token_name(l), e->name);
}

/* Objects refuse a key that comes twice; attributes are not different. */
static void check_repeats(const struct body *b, struct position at)
{
	struct list members = { 0 };
	EACH(e, b->entries)
		if ((*e)->value)
			list_add(&members, member((*e)->name, (*e)->at, value_null((*e)->at)));
	value_object(at, members);
}

/* open: of the brace; NULL: the file itself. */
static struct body *body(struct lexer *l, const struct position *open)
{
	struct body *b = mem(sizeof *b);
	struct list entries = { 0 };
	struct position at = l->where;

	for (token_newlines(l); open ? l->kind != '}' : l->kind != T_END; token_newlines(l)) {
		if (l->kind == T_END)
			hcl_fail(*open, "Unclosed configuration block; There is no closing brace for this block before "
					"the end of the "
					"file: add \"}\", here or where a brace inside it is missing");
		struct entry *e = read_entry(l);
		end_entry(l, e);
		list_add(&entries, e);
	}
	b->entries = (struct entry **) entries.at;
	check_repeats(b, at);
	return b;
}

struct body *body_read(struct lexer *l) { return body(l, NULL); }

const struct entry *body_find(const struct body *b, const char *name)
{
	EACH(e, b->entries)
		if (same((*e)->name, name))
			return *e;
	return NULL;
}

void body_allow(const struct body *b, const char *const *names, const char *what)
{
	EACH(e, b->entries)
		if (!contains_word(names, (*e)->name)) {
			const char *like = nearest(names, (*e)->name);
			hcl_fail((*e)->at, "Unsupported argument; a %s block has no \"%s\"%s: it takes %s", what,
				 (*e)->name, like ? fmt(", did you mean \"%s\"?", like) : "", join(names, ", "));
		}
}
