/* An expression as it was written: what the parser makes and task/eval walks. */
#pragma once
#include "task/token.h"
#include "task/value.h"

/* clang-format off */
enum expr_kind {
	E_LITERAL,	/* value                                                                    */
	E_NAME,		/* name, and the .names that follow it                                      */
	E_GET,		/* a.name                                                                   */
	E_INDEX,	/* a[b]                                                                     */
	E_SPLAT,	/* a[*], a.*: b is what is done with each item                              */
	E_ITEM,		/* that item                                                                */
	E_UNARY,	/* operator a                                                               */
	E_BINARY,	/* a operator b                                                             */
	E_CHOICE,	/* a ? b : c, and %{ if }                                                   */
	E_CALL,		/* name(list); spread: the last one is a list of arguments                  */
	E_LIST,		/* [list]                                                                   */
	E_OBJECT,	/* {list}: keys and values take turns                                       */
	E_FOR,		/* [for key, name in a : c if d], {... : b => c}; spread: its values gathered   */
	E_TEMPLATE,	/* "list"                                                                   */
	E_INSERT,	/* ${a} in it                                                               */
	E_REPEAT,	/* %{ for key, name in a }c%{ endfor }                                      */
};
/* clang-format on */

struct expr {
	enum expr_kind kind;
	struct position at;
	const char *start, *end; /* its source */
	unsigned depth;
	int operator;
	bool spread;
	bool braced; /* a part of a template: its source stands in ${ } or %{ } already */
	const char *name, *key;
	const char **names; /* NULL-ended; NULL when there is none */
	struct value *value;
	struct expr *a, *b, *c, *d; /* in the order of the source */
	struct expr **list;
};

struct expr *expr_new(enum expr_kind, const struct lexer *); /* starts with the current token */
struct expr *expr_end(const struct lexer *, struct expr *);  /* and ends before the current one */
struct expr *expr_text(struct position, const char *);       /* a literal string */
struct expr *expr_read(struct lexer *);
const char *expr_word(const struct expr *);           /* the name or plain string that it is; NULL: neither */
void expr_iterators(struct lexer *, struct expr *to); /* "key, name in": fills to->key and to->name */

/* Of a template.  The lexer stands on the quote or on "<<", and after it on the token that follows; template_read takes
 * the whole rest of a text that token_reopen opened, in which a backslash is no escape. */
struct expr *template_quoted(struct lexer *);
struct expr *template_heredoc(struct lexer *);
struct expr *template_read(struct lexer *);
