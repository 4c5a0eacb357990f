/* The words of an HCL text. */
#include "task/token.h"

#include "base/mem.h"
#include "base/text.h"
#include "task/value.h"

#include <ctype.h>
#include <string.h>

#define LENGTH(a)  (sizeof(a) / sizeof(*(a)))
#define MOST_DEPTH 200
#define MOST_TEXT  ((size_t) 1024 * 1024) /* Nomad's own limit: the agent's job_max_source_size */
#define BOM        "\xEF\xBB\xBF"

/* clang-format off */
static const struct { const char *text; int kind; } operators[] = {
	{ "==", T_EQUAL },   { "!=", T_UNEQUAL }, { "<=", T_AT_MOST }, { ">=", T_AT_LEAST }, { "&&", T_AND },
	{ "||", T_OR },      { "=>", T_ARROW },   { "...", T_DOTS },
};

/* What people type, and what they should have.  The curly quotes come from word processors and web pages. */
static const struct { const char *text, *title, *remedy; } mistakes[] = {
	{ "'",            "Invalid character", "Single quotes are not valid. Use double quotes (\") round strings" },
	{ "`",            "Invalid character", "Backquotes are not valid. Use double quotes (\"), or a heredoc" },
	{ ";",            "Invalid character", "A newline ends an argument, not \";\": remove it" },
	{ "&",            "Invalid operator",  "Did you mean \"&&\"?" },
	{ "|",            "Invalid operator",  "Did you mean \"||\"?" },
	{ "^",            "Invalid operator",  "There are no bitwise operators: write the number itself" },
	{ "$",            "Invalid character", "A reference stands in a string, as \"${NAME}\": enclose it in quotes" },
	{ "\xE2\x80\x98", "Invalid character", "Curly quotes are not valid: use the straight double quote (\")" },
	{ "\xE2\x80\x99", "Invalid character", "Curly quotes are not valid: use the straight double quote (\")" },
	{ "\xE2\x80\x9C", "Invalid character", "Curly quotes are not valid: use the straight double quote (\")" },
	{ "\xE2\x80\x9D", "Invalid character", "Curly quotes are not valid: use the straight double quote (\")" },
	{ "\xC2\xA0",     "Invalid character", "This is a no-break space: replace it with a plain one" },
};
/* clang-format on */

void token_skip(struct lexer *l, size_t bytes)
{
	for (; bytes; bytes--, l->next++) {
		if (l->still)
			continue;
		if (*l->next == '\n')
			l->here = (struct position){ l->here.file, l->here.line + 1, 1 };
		else if ((*l->next & 0xC0) != 0x80)
			l->here.column++;
	}
}

size_t token_character(const char *s)
{
	unsigned char c = (unsigned char) *s;
	size_t n = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xC0) != 0x80)
			return 0;
	return n;
}

static void check_encoding(struct lexer l)
{
	while (*l.next) {
		size_t n = token_character(l.next);
		if (!n)
			hcl_fail(l.here, "Invalid character encoding; byte 0x%02x is not UTF-8: save the file as UTF-8",
				 (unsigned char) *l.next);
		token_skip(&l, n);
	}
}

void token_open(struct lexer *l, const char *file, const char *text, enum dialect dialect)
{
	*l = (struct lexer){ .next = text, .here = { file, 1, 1 }, .newlines = true, .literal = dialect == HCL_AGENT };
	if (strlen(text) > MOST_TEXT)
		hcl_fail(l->here, "File too large; a job file may hold %zu bytes: keep data in files that it fetches",
			 MOST_TEXT);
	if (starts_with(text, BOM))
		l->next += strlen(BOM);
	check_encoding(*l);
	token_next(l);
}

struct lexer token_reopen(const char *text, struct position at)
{
	return (struct lexer){ .next = text, .at = text, .here = at, .where = at, .still = true };
}

static bool skip_blank(struct lexer *l)
{
	const char *s = l->next;

	if (*s == ' ' || *s == '\t' || (*s == '\r' && s[1] == '\n') || (*s == '\n' && !l->newlines)) {
		token_skip(l, 1);
	} else if (*s == '#' || starts_with(s, "//")) {
		token_skip(l, strcspn(s, "\n"));
	} else if (starts_with(s, "/*")) {
		const char *end = strstr(s + 2, "*/");
		if (!end)
			hcl_fail(l->here, "Unterminated comment; this /* has no */ before the end of the file: add it");
		token_skip(l, (size_t) (end + 2 - s));
	} else {
		return false;
	}
	return true;
}

static bool starts_name(const char *s) { return isalpha((unsigned char) *s) || *s == '_' || (*s & 0x80); }

static bool in_name(const char *s) { return starts_name(s) || isdigit((unsigned char) *s) || *s == '-'; }

static void check_mistakes(const struct lexer *l)
{
	for (size_t i = 0; i < LENGTH(mistakes); i++)
		if (starts_with(l->next, mistakes[i].text))
			hcl_fail(l->here, "%s; %s", mistakes[i].title, mistakes[i].remedy);
}

static size_t name_length(const char *s)
{
	size_t n = 0;
	while (in_name(s + n) && !starts_with(s + n, "\xC2\xA0"))
		n++;
	return n;
}

static size_t digits(const char *s) { return strspn(s, "0123456789"); }

static size_t number_length(const char *s)
{
	size_t n = digits(s);
	if (s[n] == '.' && digits(s + n + 1))
		n += 1 + digits(s + n + 1);
	if (s[n] == 'e' || s[n] == 'E') {
		size_t sign = s[n + 1] == '+' || s[n + 1] == '-';
		size_t exponent = digits(s + n + 1 + sign);
		n += exponent ? 1 + sign + exponent : 0;
	}
	return n;
}

static void read_number(struct lexer *l)
{
	size_t n = l->length = number_length(l->at);
	if (starts_name(l->at + n))
		hcl_fail(l->where, "Invalid number; %s starts like a number but is none: enclose it in quotes",
			 clip(l->at, n + name_length(l->at + n)));
	l->kind = T_NUMBER;
}

static bool starts_heredoc(const char *s) { return starts_with(s, "<<") && starts_name(s + 2 + (s[2] == '-')); }

static void read_operator(struct lexer *l)
{
	for (size_t i = 0; i < LENGTH(operators); i++)
		if (starts_with(l->at, operators[i].text)) {
			l->kind = operators[i].kind;
			l->length = strlen(operators[i].text);
			return;
		}
	check_mistakes(l);
	l->kind = (unsigned char) *l->at;
	l->length = 1;
	if (!strchr("{}[]()=:,.?+-*/%<>!~\"\n", l->kind))
		hcl_fail(l->where,
			 "Invalid character; %s has no meaning here: remove it, or enclose the text in quotes",
			 isprint(l->kind) ? clip(l->at, 1) : fmt("byte 0x%02x", (unsigned) l->kind));
}

void token_next(struct lexer *l)
{
	l->ended = l->next;
	while (skip_blank(l))
		continue;
	l->at = l->next;
	l->where = l->here;
	l->length = 0;
	if (!*l->at) {
		l->kind = T_END;
	} else if (starts_name(l->at)) {
		check_mistakes(l);
		l->kind = T_NAME;
		l->length = name_length(l->at);
	} else if (isdigit((unsigned char) *l->at)) {
		read_number(l);
	} else if (starts_heredoc(l->at)) {
		l->kind = T_HEREDOC;
		l->length = 2;
	} else {
		read_operator(l);
	}
	token_skip(l, l->length);
}

bool token_is(const struct lexer *l, const char *name)
{
	return l->kind == T_NAME && l->length == strlen(name) && starts_with(l->at, name);
}

const char *token_text(const struct lexer *l) { return text_n(l->at, l->length); }

const char *token_name(const struct lexer *l)
{
	if (l->kind == T_END)
		return l->still ? "the end of the text" : "the end of the file";
	return l->kind == T_NEWLINE ? "the end of the line" : clip(l->at, l->length);
}

void token_expect(struct lexer *l, int kind, const char *title, const char *detail)
{
	if (l->kind != kind)
		hcl_fail(l->where, "%s; found %s: %s", title, token_name(l), detail);
	token_next(l);
}

void token_newlines(struct lexer *l)
{
	while (l->kind == T_NEWLINE)
		token_next(l);
}

void token_enter(struct lexer *l)
{
	if (++l->depth > MOST_DEPTH)
		hcl_fail(l->where,
			 "Nested too deeply; blocks and expressions may stand %d deep in each other: take it apart",
			 MOST_DEPTH);
}

void token_leave(struct lexer *l) { l->depth--; }
