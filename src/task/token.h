/* The words of an HCL text, one at a time.  A string's inside is no word: task/template reads it character by character
 * from where the opening quote ended. */
#pragma once
#include "task/tree.h"

/* A token that is one character is that character. */
enum {
	T_END = 0,
	T_NEWLINE = '\n',
	T_QUOTE = '"',
	T_NAME = 256,
	T_NUMBER,
	T_HEREDOC,
	T_EQUAL,
	T_UNEQUAL,
	T_AT_MOST,
	T_AT_LEAST,
	T_AND,
	T_OR,
	T_ARROW,
	T_DOTS
};

struct lexer {
	const char *next;     /* what comes after the token */
	struct position here; /* of next */
	bool still;           /* the text is not the file's own: here stays where it is */
	bool literal;         /* HCL1 and JSON: no expressions, no templates */
	bool json;            /* the inside of jsondecode("...") */
	bool newlines;        /* they are tokens; else blanks */
	unsigned depth;       /* of what is being read; see token_enter */

	int kind; /* the token */
	const char *at;
	size_t length;
	struct position where;
	const char *ended; /* the end of the token before it */
};

size_t token_character(const char *); /* the bytes of the character there; 0: not UTF-8 */

void token_open(struct lexer *, const char *file, const char *text, enum dialect); /* stands on the first token */
struct lexer token_reopen(const char *text, struct position at); /* text that a value holds; no token yet */
void token_next(struct lexer *);
void token_skip(struct lexer *, size_t bytes); /* moves `next` alone */
bool token_is(const struct lexer *, const char *name);
const char *token_text(const struct lexer *);                                       /* a copy */
const char *token_name(const struct lexer *);                                       /* for a message */
void token_expect(struct lexer *, int kind, const char *title, const char *detail); /* and goes on to the next */
void token_newlines(struct lexer *);                                                /* over any number of them */

/* Round whatever nests: refuses what would overrun the stack. */
void token_enter(struct lexer *);
void token_leave(struct lexer *);
