#include "task/nomadjson.h"

#include "base/mem.h"
#include "base/text.h"
#include "task/decimal.h"
#include "task/value.h"

#include <ctype.h>
#include <string.h>

#define DEEPEST 100

struct reader {
	const char *next;
	struct position at; /* of next */
	unsigned depth;
};

static struct value *read_value(struct reader *);

static void step(struct reader *r)
{
	if (*r->next == '\n') {
		r->at.line++;
		r->at.column = 0;
	}
	r->next++;
	if ((*r->next & 0xC0) != 0x80)
		r->at.column++;
}

static void skip_blanks(struct reader *r)
{
	while (*r->next && strchr(" \t\r\n", *r->next))
		step(r);
}

static _Noreturn void refuse(const struct reader *r, const char *wanted)
{
	if (!*r->next)
		hcl_fail(r->at, "not JSON: the text ends where %s should stand", wanted);
	hcl_fail(r->at, "not JSON: %s instead of %s", clip(r->next, strcspn(r->next, " \t\r\n,]}")), wanted);
}

static bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (*r->next != c)
		return false;
	step(r);
	return true;
}

static void put_utf8(struct text *t, unsigned c)
{
	const char bytes[] = { (char) (c < 0x80      ? c
				       : c < 0x800   ? 0xC0 | c >> 6
				       : c < 0x10000 ? 0xE0 | c >> 12
						     : 0xF0 | c >> 18),
			       (char) (c < 0x800     ? 0x80 | (c & 63)
				       : c < 0x10000 ? 0x80 | (c >> 6 & 63)
						     : 0x80 | (c >> 12 & 63)),
			       (char) (c < 0x10000 ? 0x80 | (c & 63) : 0x80 | (c >> 6 & 63)),
			       (char) (0x80 | (c & 63)) };
	text_add(t, bytes, c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4);
}

static unsigned read_hex(struct reader *r)
{
	unsigned c = 0;
	for (int i = 0; i < 4; i++, step(r)) {
		if (!isxdigit((unsigned char) *r->next))
			refuse(r, "four hexadecimal digits after \\u");
		c = c * 16 +
		    (unsigned) (isdigit((unsigned char) *r->next) ? *r->next - '0' : (*r->next | 32) - 'a' + 10);
	}
	return c;
}

static void read_unicode(struct reader *r, struct text *t)
{
	unsigned c = read_hex(r);
	if (!c)
		hcl_fail(r->at, "\\u0000 cannot stand in an argument or a variable; remove it");
	if (c >> 10 == 0x36) {
		if (*r->next != '\\' || r->next[1] != 'u')
			refuse(r, "the second half of a surrogate pair");
		step(r), step(r);
		unsigned low = read_hex(r);
		if (low >> 10 != 0x37)
			refuse(r, "the second half of a surrogate pair");
		c = 0x10000 + ((c & 0x3FF) << 10 | (low & 0x3FF));
	} else if (c >> 10 == 0x37)
		refuse(r, "the first half of a surrogate pair before this second one");
	put_utf8(t, c);
}

static void read_escape(struct reader *r, struct text *t)
{
	static const char escapes[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";
	char c = *r->next;
	const char *known = c ? strchr(escapes, c) : NULL;

	if (c != 'u' && !known)
		refuse(r, "one of \" \\ / b f n r t u after a backslash");
	step(r);
	if (known)
		text_add(t, &plain[known - escapes], 1);
	else
		read_unicode(r, t);
}

/* How long the UTF-8 character at s is; 0: it is none (RFC 3629: no overlong form, no surrogate, nothing above
 * U+10FFFF). */
static size_t utf8_length(const char *s)
{
	const unsigned char *u = (const unsigned char *) s;
	size_t n = u[0] < 0x80 ? 1 : u[0] < 0xC2 ? 0 : u[0] < 0xE0 ? 2 : u[0] < 0xF0 ? 3 : u[0] < 0xF5 ? 4 : 0;
	for (size_t i = 1; i < n; i++)
		if ((u[i] & 0xC0) != 0x80)
			return 0;
	if ((u[0] == 0xE0 && u[1] < 0xA0) || (u[0] == 0xED && u[1] > 0x9F) || (u[0] == 0xF0 && u[1] < 0x90) ||
	    (u[0] == 0xF4 && u[1] > 0x8F))
		return 0;
	return n;
}

static const char *read_string(struct reader *r)
{
	struct text t = { 0 };
	struct position start = r->at;

	step(r);
	while (*r->next != '"') {
		if (*r->next == '\\') {
			step(r);
			read_escape(r, &t);
			continue;
		}
		if (!*r->next)
			hcl_fail(start, "not JSON: this string has no closing quote");
		size_t length = utf8_length(r->next);
		if (!length)
			hcl_fail(r->at, "the byte 0x%02x is not UTF-8; save the file as UTF-8",
				 (unsigned) (unsigned char) *r->next);
		if ((unsigned char) *r->next < ' ')
			refuse(r, "a character or its escape, such as \\n");
		text_add(&t, r->next, length);
		while (length--)
			step(r);
	}
	step(r);
	return t.at ? t.at : "";
}

static struct value *read_object(struct reader *r, struct position at)
{
	struct list members = { 0 };

	step(r);
	if (take(r, '}'))
		return value_object(at, members);
	do {
		skip_blanks(r);
		struct position key_at = r->at;
		if (*r->next != '"')
			refuse(r, "a key in quotes");
		const char *key = read_string(r);
		if (!take(r, ':'))
			refuse(r, "a colon");
		list_add(&members, member(key, key_at, read_value(r)));
	} while (take(r, ','));
	if (!take(r, '}'))
		refuse(r, "a comma or \"}\"");
	return value_object(at, members);
}

static struct value *read_list(struct reader *r, struct position at)
{
	struct list items = { 0 };

	step(r);
	if (take(r, ']'))
		return value_list(at, items);
	do
		list_add(&items, read_value(r));
	while (take(r, ','));
	if (!take(r, ']'))
		refuse(r, "a comma or \"]\"");
	return value_list(at, items);
}

/* RFC 8259, section 6. */
static size_t number_length(const char *s)
{
	size_t n = *s == '-', digits = strspn(s + n, "0123456789");
	if (!digits || (digits > 1 && s[n] == '0'))
		return 0;
	n += digits;
	if (s[n] == '.') {
		if (!(digits = strspn(s + n + 1, "0123456789")))
			return 0;
		n += 1 + digits;
	}
	if (s[n] == 'e' || s[n] == 'E') {
		size_t sign = s[n + 1] == '-' || s[n + 1] == '+';
		if (!(digits = strspn(s + n + 1 + sign, "0123456789")))
			return 0;
		n += 1 + sign + digits;
	}
	return n;
}

static struct value *read_number(struct reader *r, struct position at)
{
	size_t n = number_length(r->next);
	const char *decimal = n ? decimal_read(text_n(r->next, n)) : NULL;
	if (!decimal)
		refuse(r, "a value");
	while (n--)
		step(r);
	return value_decimal(at, decimal);
}

static bool take_word(struct reader *r, const char *word)
{
	if (!starts_with(r->next, word))
		return false;
	for (; *word; word++)
		step(r);
	return true;
}

static struct value *read_inner(struct reader *r)
{
	struct position at = r->at;

	switch (*r->next) {
	case '{': return read_object(r, at);
	case '[': return read_list(r, at);
	case '"': return value_string(at, read_string(r));
	default: break;
	}
	if (take_word(r, "null"))
		return value_null(at);
	if (take_word(r, "true"))
		return value_bool(at, true);
	if (take_word(r, "false"))
		return value_bool(at, false);
	return read_number(r, at);
}

static struct value *read_value(struct reader *r)
{
	skip_blanks(r);
	if (++r->depth > DEEPEST)
		hcl_fail(r->at, "more than %d values inside each other; no job is like that", DEEPEST);
	struct value *v = read_inner(r);
	r->depth--;
	return v;
}

struct value *json_value(const char *file, const char *json)
{
	struct reader r = { json, { file, 1, 1 }, 0 };
	if (starts_with(json, "\xEF\xBB\xBF"))
		r.next += 3;
	struct value *v = read_value(&r);
	skip_blanks(&r);
	if (*r.next)
		refuse(&r, "the end of the text");
	return v;
}
