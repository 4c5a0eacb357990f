/* Functions on strings.  A character is a code point; case is known for Latin, Greek and Cyrillic. */
#include "base/mem.h"
#include "task/function.h"

#include <ctype.h>
#include <string.h>

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

static const char *arg(const struct call *c, size_t n) { return c->args[n]->string; }

static struct value *piece(const struct call *c, const char *s, size_t length)
{
	return value_string(c->e->at, text_n(s, length));
}

static size_t character_length(const char *s)
{
	size_t n = 1;
	while ((s[n] & 0xC0) == 0x80)
		n++;
	return n;
}

size_t text_characters(const char *s)
{
	size_t n = 0;
	for (; *s; s++)
		n += (*s & 0xC0) != 0x80;
	return n;
}

const char *text_character(const char *s, size_t nth)
{
	while (*s && nth--)
		s += character_length(s);
	return s;
}

/* Two-byte letters: lower ones from..to, and how far below them the upper ones stand. */
static const struct {
	unsigned from, to, distance;
} cases[] = {
	{ 0xE0, 0xF6, 0x20 },   { 0xF8, 0xFE, 0x20 },   { 0x3B1, 0x3C1, 0x20 },
	{ 0x3C3, 0x3CB, 0x20 }, { 0x430, 0x44F, 0x20 }, { 0x450, 0x45F, 0x50 },
};

static unsigned in_case(unsigned c, bool upper)
{
	if (c < 0x80)
		return (unsigned) (upper ? toupper((int) c) : tolower((int) c));
	for (size_t i = 0; i < LENGTH(cases); i++) {
		unsigned down = upper ? 0 : cases[i].distance;
		if (c + down >= cases[i].from && c + down <= cases[i].to)
			return upper ? c - cases[i].distance : c + down;
	}
	return c;
}

static void put_in_case(struct text *t, const char *s, bool upper)
{
	size_t n = character_length(s);
	unsigned char b[2] = { (unsigned char) s[0], (unsigned char) s[1] };
	if (n > 2) {
		text_add(t, s, n);
		return;
	}
	unsigned c = in_case(n == 1 ? b[0] : (b[0] & 0x1FU) << 6 | (b[1] & 0x3FU), upper);
	const char to[] = { (char) (n == 1 ? c : 0xC0 | c >> 6), (char) (0x80 | (c & 0x3F)) };
	text_add(t, to, n);
}

static struct value *cased(const struct call *c, bool upper)
{
	struct text t = { 0 };
	for (const char *s = arg(c, 0); *s; s += character_length(s))
		put_in_case(&t, s, upper);
	return function_string(c, t);
}

struct value *text_lower(const struct call *c) { return cased(c, false); }
struct value *text_upper(const struct call *c) { return cased(c, true); }

struct value *text_title(const struct call *c)
{
	struct text t = { 0 };
	bool first = true;
	for (const char *s = arg(c, 0); *s; s += character_length(s)) {
		if (first)
			put_in_case(&t, s, true);
		else
			text_add(&t, s, character_length(s));
		first = !isalnum((unsigned char) *s) && *s != '_' && *s != '\'' && !(*s & 0x80);
	}
	return function_string(c, t);
}

struct value *text_chomp(const struct call *c)
{
	size_t n = strlen(arg(c, 0));
	while (n && strchr("\r\n", arg(c, 0)[n - 1]))
		n--;
	return piece(c, arg(c, 0), n);
}

struct value *text_indent(const struct call *c)
{
	const char *blanks = fmt("%*s", (int) function_index(c, c->args[0], 1000), "");
	struct text t = { 0 };
	for (const char *s = arg(c, 1); *s; s++) {
		grow(&t, s, 1, c->e->at);
		if (*s == '\n')
			grow(&t, blanks, strlen(blanks), c->e->at);
	}
	return function_string(c, t);
}

static void join_list(const struct call *c, const struct value *list, struct text *t)
{
	EACH(item, list->list) {
		const char *s = value_text(*item);
		if (!s)
			function_fail(c, "an item is %s, and only strings can be joined: use jsonencode() for it",
				      value_kind(*item));
		if (t->at)
			grow(t, arg(c, 0), strlen(arg(c, 0)), c->e->at);
		else
			text_add(t, "", 0);
		grow(t, s, strlen(s), c->e->at);
	}
}

/* Its result waits for the run when one of the items does: the text of their references is in it. */
struct value *text_join(const struct call *c)
{
	struct text t = { 0 };
	bool waits = false;
	for (size_t i = 1; i < c->count; i++) {
		join_list(c, c->args[i], &t);
		waits |= value_waits(c->args[i]);
	}
	struct value *v = function_string(c, t);
	v->run = waits || c->args[0]->run ? c->e->list[0] : NULL;
	return v;
}

struct value *text_replace(const struct call *c)
{
	const char *s = arg(c, 0), *old = arg(c, 1);
	size_t length = strlen(old);
	struct text t = { 0 };

	while (*s) {
		bool hit = length && starts_with(s, old);
		grow(&t, hit ? arg(c, 2) : s, hit ? strlen(arg(c, 2)) : 1, c->e->at);
		s += hit ? length : 1;
	}
	return function_string(c, t);
}

struct value *text_split(const struct call *c)
{
	const char *at = arg(c, 0), *s = arg(c, 1), *end;
	size_t length = strlen(at);
	struct list to = { 0 };

	while ((end = length ? strstr(s, at) : *s ? s + character_length(s) : NULL) && (length || *end)) {
		list_add(&to, piece(c, s, (size_t) (end - s)));
		s = end + length;
	}
	list_add(&to, value_string(c->e->at, s));
	return value_list(c->e->at, to);
}

struct value *text_strlen(const struct call *c)
{
	return value_number(c->e->at, (long double) text_characters(arg(c, 0)));
}

struct value *text_strrev(const struct call *c)
{
	const char *s = arg(c, 0), *end = s + strlen(s);
	struct text t = { 0 };
	while (end > s) {
		const char *last = end - 1;
		while (last > s && (*last & 0xC0) == 0x80)
			last--;
		text_add(&t, last, (size_t) (end - last));
		end = last;
	}
	return function_string(c, t);
}

/* A negative offset counts from the end; length -1 is the rest. */
struct value *text_substr(const struct call *c)
{
	const char *s = arg(c, 0);
	long double all = (long double) text_characters(s), offset = c->args[1]->number, length = c->args[2]->number;

	if (strchr(arg(c, 1), '.') || strchr(arg(c, 2), '.') || length < -1)
		function_fail(c, "offset %s and length %s must be whole numbers, the length -1 or more", arg(c, 1),
			      arg(c, 2));
	if (offset < 0)
		offset += all;
	offset = offset < 0 ? 0 : offset > all ? all : offset;
	if (length < 0 || length > all - offset)
		length = all - offset;
	const char *from = text_character(s, (size_t) offset);
	return piece(c, from, (size_t) (text_character(from, (size_t) length) - from));
}

static bool in_set(const char *s, const char *set)
{
	size_t n = character_length(s);
	for (; *set; set += character_length(set))
		if (character_length(set) == n && !memcmp(s, set, n))
			return true;
	return false;
}

static struct value *trimmed(const struct call *c, const char *set)
{
	const char *s = arg(c, 0);
	while (*s && in_set(s, set))
		s += character_length(s);
	const char *end = s;
	for (const char *at = s; *at; at += character_length(at))
		if (!in_set(at, set))
			end = at + character_length(at);
	return piece(c, s, (size_t) (end - s));
}

struct value *text_trim(const struct call *c)
{
	spend(c->s->world, c->e->at, c->args[1]->weight < 100 ? 0 : c->args[0]->weight * (c->args[1]->weight / 16));
	return trimmed(c, arg(c, 1));
}

struct value *text_trimspace(const struct call *c) { return trimmed(c, " \t\n\v\f\r\xC2\xA0"); }

struct value *text_trimprefix(const struct call *c)
{
	return value_string(c->e->at, arg(c, 0) + (starts_with(arg(c, 0), arg(c, 1)) ? strlen(arg(c, 1)) : 0));
}

struct value *text_trimsuffix(const struct call *c)
{
	size_t n = strlen(arg(c, 0));
	return piece(c, arg(c, 0), ends_with(arg(c, 0), arg(c, 1)) ? n - strlen(arg(c, 1)) : n);
}
