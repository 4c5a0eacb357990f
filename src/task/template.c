/* Reads the inside of a string: text, ${ } and %{ }.  Characters, not tokens; the lexer is asked for tokens between
 * braces. */
#include "base/mem.h"
#include "task/expr.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MOST_BRACES 1000 /* bytes that HCL1's "${ }" may hold */

struct reader {
	struct lexer *l;
	enum { UNTIL_END, UNTIL_QUOTE, UNTIL_WORD } until;
	struct position open; /* of the quote or the "<<" */
	const char *word;     /* that ends a heredoc */
	bool line_start;      /* of a heredoc's line */
	bool trim;            /* a "~}" came before: the next text loses its leading blanks */
	struct text text;     /* read, and in no part yet */
	struct position text_at;
	const char *text_start;
	struct list lines; /* the parts that begin a line, which <<- moves to the left; */
	bool margin_taken; /* and a line begins with a ${ }: there is nothing to move */
};

static _Noreturn void fail_unterminated(const struct reader *r)
{
	if (r->until == UNTIL_WORD)
		hcl_fail(r->open, "Unterminated heredoc; no line holds %s alone before the end of the file: add it",
			 r->word);
	hcl_fail(r->open, "Unterminated string; there is no closing quote before the end of the file: add it");
}

/* The line of the heredoc's word?  What stands before the word is no text. */
static bool at_word(const struct reader *r)
{
	const char *s = r->l->next + strspn(r->l->next, " \t");
	if (!r->line_start || r->text.at || !starts_with(s, r->word))
		return false;
	s += strlen(r->word);
	s += strspn(s, " \t\r");
	return !*s || *s == '\n';
}

static bool at_end(const struct reader *r)
{
	const char *s = r->l->next;
	if (r->until == UNTIL_WORD && at_word(r))
		return true;
	if (!*s && r->until != UNTIL_END)
		fail_unterminated(r);
	return !*s || (*s == '"' && r->until == UNTIL_QUOTE);
}

static void add(struct reader *r, const char *s, size_t n, size_t read)
{
	if (!r->text.at) {
		r->text_at = r->l->here;
		r->text_start = r->l->next;
	}
	text_add(&r->text, s, n);
	token_skip(r->l, read);
}

static void trim_left(struct text *t)
{
	size_t blanks = 0;
	while (isspace((unsigned char) t->at[blanks]))
		blanks++;
	t->at += blanks;
	t->length -= blanks;
	t->room -= blanks;
}

/* What was read becomes a part.  In a heredoc a line is a part, so that <<- finds where each begins. */
static void end_text(struct reader *r, struct list *parts, bool begins_line)
{
	if (!r->text.at)
		return;
	if (r->trim)
		trim_left(&r->text);
	struct expr *e = expr_text(r->text_at, r->text.at);
	e->start = r->text_start;
	e->end = r->l->next;
	list_add(parts, e);
	if (begins_line)
		list_add(&r->lines, e);
	r->trim = false;
	r->text = (struct text){ 0 };
}

static void trim_right(const struct list *parts)
{
	struct expr *last = parts->count ? parts->at[parts->count - 1] : NULL;
	if (!last || last->kind != E_LITERAL)
		return;
	size_t n = strlen(last->value->string);
	while (n && isspace((unsigned char) last->value->string[n - 1]))
		n--;
	last->value = value_string(last->at, text_n(last->value->string, n));
}

static void put_utf8(struct text *t, uint32_t c)
{
	char s[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xC0, 0xE0, 0xF0 };
	for (size_t i = n - 1; i; i--, c >>= 6)
		s[i] = (char) (0x80 | (c & 0x3F));
	s[0] = (char) (lead[n] | c);
	text_add(t, s, n);
}

/* n hexadecimal digits; UINT32_MAX: there are not as many. */
static uint32_t hex(const char *s, size_t n)
{
	if (strspn(s, "0123456789abcdefABCDEF") < n)
		return UINT32_MAX;
	return (uint32_t) strtoul(text_n(s, n), NULL, 16);
}

static size_t read_unicode(struct reader *r, struct text *to)
{
	const char *s = r->l->next;
	size_t digits = s[1] == 'u' ? 4 : 8, length = digits + 2;
	uint32_t c = hex(s + 2, digits), low;

	if (r->l->json && c >= 0xD800 && c < 0xDC00 && s[6] == '\\' && s[7] == 'u') {
		low = hex(s + 8, 4);
		c = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00) : UINT32_MAX;
		length = 12;
	}
	if (!c || c > 0x10FFFF || (c >= 0xD800 && c < 0xE000))
		hcl_fail(r->l->here,
			 "Invalid escape sequence; %s is no character: \\%c takes %zu hexadecimal digits, and not 0",
			 clip(s, strcspn(s, "\"\n")), s[1], digits);
	put_utf8(to, c);
	return length;
}

static void read_escape(struct reader *r)
{
	static const char letters[] = "n\nr\rt\t\"\"\\\\", json[] = "b\bf\f//";
	const char *s = r->l->next;
	struct text character = { 0 };
	size_t length = 2;

	for (const char *p = letters; *p; p += 2)
		if (p[0] == s[1])
			text_add(&character, p + 1, 1);
	for (const char *p = json; r->l->json && *p; p += 2)
		if (p[0] == s[1])
			text_add(&character, p + 1, 1);
	if (s[1] == 'u' || s[1] == 'U')
		length = read_unicode(r, &character);
	if (!character.at)
		hcl_fail(r->l->here, "Invalid escape sequence; %s is none: write \\\\ for a backslash",
			 clip(s, s[1] && s[1] != '\n' ? 2 : 1));
	add(r, character.at, character.length, length);
}

/* At a $ or %: "${" begins something, "$${" stands for "${", and before that each is itself. */
static bool read_marker(struct reader *r)
{
	const char *s = r->l->next;
	size_t n = strspn(s, *s == '$' ? "$" : "%");

	if (s[n] != '{')
		add(r, s, n, n);
	else if (n > 1)
		add(r, fmt("%.*s{", (int) n - 1, s), n, n + 1);
	return s[n] != '{' || n > 1;
}

static void read_line_end(struct reader *r, struct list *parts)
{
	if (r->until == UNTIL_QUOTE && !r->l->json)
		hcl_fail(r->l->here, "Invalid multi-line string; Quoted strings may not be split over multiple lines: "
				     "close the quote, "
				     "write \\n for a newline, or use a heredoc (<<EOT)");
	add(r, "\n", 1, 1);
	if (r->until == UNTIL_WORD)
		end_text(r, parts, r->line_start);
	r->line_start = true;
}

/* HCL1 knows "${" only in so far as quotes in it do not end the string. */
static void read_braces(struct reader *r)
{
	size_t depth = 0, n = 0;
	const char *s = r->l->next;
	do {
		depth += s[n] == '{';
		depth -= s[n] == '}';
		n += s[n] == '\\' && s[n + 1] ? 2 : 1;
	} while (s[n] && s[n] != '\n' && n < MOST_BRACES && (depth || n < 2));
	if (depth)
		n = 2;
	add(r, s, n, n);
}

/* One character of text; false: a ${ or %{ begins here. */
static bool read_character(struct reader *r, struct list *parts)
{
	const char *s = r->l->next;
	bool brace = (*s == '$' || *s == '%') && s[1] == '{';

	if (*s == '\n')
		read_line_end(r, parts);
	else if (*s == '\\' && r->until == UNTIL_QUOTE)
		read_escape(r);
	else if (*s == '$' && brace && r->l->literal && !r->l->json)
		read_braces(r);
	else if ((*s == '$' || *s == '%') && !r->l->literal)
		return read_marker(r);
	else
		add(r, s, 1, 1);
	return true;
}

static struct expr *open_braces(struct reader *r, struct list *parts)
{
	struct lexer *l = r->l;
	l->where = l->here;
	l->at = l->next;
	struct expr *e = expr_new(E_INSERT, l);

	if (r->line_start && !r->text.at)
		r->margin_taken = true;
	end_text(r, parts, r->line_start);
	r->line_start = r->trim = false;
	token_skip(l, 2);
	if (*l->next == '~') {
		trim_right(parts);
		token_skip(l, 1);
	}
	e->braced = true;
	l->newlines = false;
	token_next(l);
	return e;
}

static void close_braces(struct reader *r, const struct expr *e)
{
	struct lexer *l = r->l;
	if (l->kind == T_END)
		hcl_fail(e->at,
			 "Unclosed template; there is no closing brace for %s before the end of the text: add it, or "
			 "double the "
			 "sign (%.1s%.2s) if it is meant literally",
			 clip(e->start, 2), e->start, e->start);
	r->trim = l->kind == '~';
	if (r->trim)
		token_next(l);
	if (l->kind != '}')
		hcl_fail(l->where,
			 "Extra characters after interpolation expression; found %s: expected \"}\" for the %s at %s",
			 token_name(l), clip(e->start, 2), hcl_place(e->at));
	l->ended = l->next;
}

static struct expr *read_parts(struct reader *, const struct expr *open, const char *const *stops, const char **stop);

static struct expr *read_condition(struct reader *r, struct expr *e)
{
	static const char *const both[] = { "else", "endif", NULL }, *const end[] = { "endif", NULL };
	const char *stop;

	e->kind = E_CHOICE;
	e->a = expr_read(r->l);
	close_braces(r, e);
	e->b = read_parts(r, e, both, &stop);
	e->c = same(stop, "else") ? read_parts(r, e, end, &stop) : expr_text(e->at, "");
	return expr_end(r->l, e);
}

static struct expr *read_repeat(struct reader *r, struct expr *e)
{
	static const char *const end[] = { "endfor", NULL };
	const char *stop;

	e->kind = E_REPEAT;
	expr_iterators(r->l, e);
	e->a = expr_read(r->l);
	close_braces(r, e);
	e->c = read_parts(r, e, end, &stop);
	return expr_end(r->l, e);
}

static struct expr *read_directive(struct reader *r, struct expr *e)
{
	struct lexer *l = r->l;
	bool condition = token_is(l, "if"), repeat = token_is(l, "for");

	if (!condition && !repeat)
		hcl_fail(l->where,
			 "Invalid template directive; found %s: expected if, else, endif, for or endfor; write %%%%{ "
			 "for "
			 "a literal %%{",
			 token_name(l));
	token_enter(l);
	token_next(l);
	e = condition ? read_condition(r, e) : read_repeat(r, e);
	token_leave(l);
	return e;
}

static struct expr *read_insert(struct reader *r, struct expr *e)
{
	e->a = expr_read(r->l);
	close_braces(r, e);
	return expr_end(r->l, e);
}

static const char *find(const char *const *words, const struct lexer *l)
{
	EACH(word, words)
		if (token_is(l, *word))
			return *word;
	return NULL;
}

/* A string that holds no ${ } is a literal: it keeps its place, which is where its text begins. */
static struct expr *assemble(const struct lexer *l, struct position at, const char *start, const struct list *parts)
{
	struct text t = { 0 };
	struct expr *e = expr_text(at, ""), *first = parts->count ? parts->at[0] : NULL;

	e->start = start;
	e->list = (struct expr **) parts->at;
	EACH(part, e->list) {
		if ((*part)->kind != E_LITERAL) {
			e->kind = E_TEMPLATE;
			return expr_end(l, e);
		}
		text_put(&t, (*part)->value->string);
	}
	e->list = NULL;
	if (first)
		e->value = value_string(e->at = first->at, t.at);
	return expr_end(l, e);
}

/* Up to the end of the string, or past one of the directives in stops. */
static struct expr *read_parts(struct reader *r, const struct expr *open, const char *const *stops, const char **stop)
{
	struct list parts = { 0 };
	struct position at = open ? r->l->here : r->open;
	const char *start = r->l->next;

	while (!at_end(r)) {
		if (read_character(r, &parts))
			continue;
		bool directive = *r->l->next == '%';
		struct expr *e = open_braces(r, &parts);
		*stop = directive ? find(stops, r->l) : NULL;
		if (*stop) {
			token_next(r->l);
			close_braces(r, e);
			return assemble(r->l, at, start, &parts);
		}
		list_add(&parts, directive ? read_directive(r, e) : read_insert(r, e));
	}
	if (open)
		hcl_fail(
			open->at,
			"Unclosed template directive; there is no %%{ %s } for it before the end of the string: add it",
			stops[count(stops) - 1]);
	end_text(r, &parts, r->line_start);
	r->l->ended = r->l->next;
	return assemble(r->l, at, start, &parts);
}

static struct expr *read_whole_template(struct reader *r)
{
	bool newlines = r->l->newlines;
	const char *stop;
	struct expr *e = read_parts(r, NULL, NULL, &stop);
	r->l->newlines = newlines;
	return e;
}

struct expr *template_quoted(struct lexer *l)
{
	struct reader r = { .l = l, .until = UNTIL_QUOTE, .open = l->where };
	const char *start = l->at;

	token_enter(l);
	struct expr *e = read_whole_template(&r);
	token_leave(l);
	e->start = start;
	token_skip(l, 1);
	token_next(l);
	e->end = l->ended;
	return e;
}

struct expr *template_read(struct lexer *l)
{
	struct reader r = { .l = l, .until = UNTIL_END, .open = l->where };
	return read_whole_template(&r);
}

static size_t margin(const char *line) { return strspn(line, " \t"); }

static bool is_blank(const char *line)
{
	size_t n = strspn(line, " \t\r\n");
	return !line[n] && n && line[n - 1] == '\n';
}

/* <<- : what all lines have before them goes.  A line of blanks says nothing about it, and stays as it is. */
static void move_left(const struct reader *r)
{
	size_t least = r->margin_taken ? 0 : SIZE_MAX;
	struct expr **lines = (struct expr **) r->lines.at;

	EACH(line, lines) {
		const char *s = (*line)->value->string;
		if (!is_blank(s) && margin(s) < least)
			least = margin(s);
	}
	EACH(line, lines) {
		const char *s = (*line)->value->string;
		if (!is_blank(s))
			(*line)->value = value_string((*line)->at, s + least);
	}
}

/* The text of a line is known only now that all its lines are. */
static struct expr *settle(const struct reader *r, struct expr *e, const struct list *lines)
{
	struct text t = { 0 };
	if (e->kind != E_LITERAL || !lines->count)
		return e;
	move_left(r);
	for (size_t i = 0; i < lines->count; i++)
		text_put(&t, ((struct expr *) lines->at[i])->value->string);
	e->value = value_string(e->at, t.at);
	return e;
}

struct expr *template_heredoc(struct lexer *l)
{
	struct reader r = { .l = l, .until = UNTIL_WORD, .open = l->where, .line_start = true };
	const char *start = l->at, *word = l->next + (*l->next == '-');
	size_t length = strcspn(word, " \t\r\n"), rest = strspn(word + length, " \t\r");
	bool flush = *l->next == '-';

	if (word[length + rest] != '\n')
		hcl_fail(l->here,
			 "Invalid heredoc; found %s: expected a newline after the word that ends it, which is not "
			 "quoted",
			 clip(word, strcspn(word, "\r\n")));
	r.word = text_n(word, length);
	token_skip(l, length + rest + flush + 1);
	token_enter(l);
	struct expr *e = read_whole_template(&r);
	token_leave(l);
	if (flush && e->kind == E_LITERAL)
		settle(&r, e, &r.lines);
	else if (flush)
		move_left(&r);
	token_skip(l, margin(l->next) + length);
	e->start = start;
	token_next(l);
	e->end = l->ended;
	return e;
}
