/* Functions that encode and decode. */
#include "base/mem.h"
#include "task/environment.h"
#include "task/function.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

static const char base64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

struct value *code_base64encode(const struct call *c)
{
	const unsigned char *s = (const unsigned char *) c->args[0]->string;
	struct text t = { 0 };

	for (size_t left = strlen((const char *) s); left; left -= left < 3 ? left : 3, s += 3) {
		uint32_t bits = (uint32_t) s[0] << 16 | (left > 1 ? (uint32_t) s[1] << 8 : 0) | (left > 2 ? s[2] : 0);
		char four[4];
		for (int i = 0; i < 4; i++)
			four[i] = (size_t) i > left ? '=' : base64[bits >> (18 - 6 * i) & 63];
		text_add(&t, four, 4);
	}
	return function_string(c, t);
}

static _Noreturn void fail_base64(const struct call *c)
{
	function_fail(c, "%s is no base64 of a text", clip(c->args[0]->string, strlen(c->args[0]->string)));
}

static bool is_utf8(const char *s)
{
	for (size_t more; *s; s += more + 1) {
		unsigned char b = (unsigned char) *s;
		more = b < 0x80 ? 0 : b < 0xC2 ? 9 : b < 0xE0 ? 1 : b < 0xF0 ? 2 : b < 0xF5 ? 3 : 9;
		for (size_t i = 1; i <= more; i++)
			if (more == 9 || (s[i] & 0xC0) != 0x80)
				return false;
	}
	return true;
}

struct value *code_base64decode(const struct call *c)
{
	const char *s = c->args[0]->string;
	size_t digits = strspn(s, base64), length = strlen(s);
	struct text t = { 0 };
	uint32_t bits = 0;

	if (length % 4 || length - digits > 2 || digits + strspn(s + digits, "=") != length)
		fail_base64(c);
	for (size_t i = 0; i < digits; i++) {
		bits = bits << 6 | (uint32_t) (strchr(base64, s[i]) - base64);
		char byte = (char) (bits >> (6 - 2 * (i % 4)));
		if (i % 4)
			text_add(&t, &byte, 1);
	}
	if (t.at && (strlen(t.at) != t.length || !is_utf8(t.at)))
		fail_base64(c);
	return function_string(c, t);
}

struct value *code_urlencode(const struct call *c)
{
	struct text t = { 0 };
	for (const char *s = c->args[0]->string; *s; s++) {
		if (isalnum((unsigned char) *s) || strchr("-_.~", *s))
			text_add(&t, s, 1);
		else
			text_printf(&t, *s == ' ' ? "+" : "%%%02X", (unsigned) (unsigned char) *s);
	}
	return function_string(c, t);
}

struct value *code_uuidv4(const struct call *c) { return value_string(c->e->at, random_uuid()); }

/* One field of RFC 4180; *s is left at what follows it: a comma, the end of the line, or the end. */
static const char *field(const struct call *c, const char **s)
{
	struct text t = { 0 };
	text_put(&t, "");
	if (**s != '"') {
		size_t n = strcspn(*s, ",\r\n");
		text_add(&t, *s, n);
		*s += n;
		return t.at;
	}
	for (++*s; **s && (**s != '"' || (*s)[1] == '"'); ++*s) {
		*s += **s == '"';
		text_add(&t, *s, 1);
	}
	if (!**s)
		function_fail(c, "a quote has no end");
	++*s;
	return t.at;
}

static struct list record(const struct call *c, const char **s)
{
	struct list fields = { 0 };
	for (;; ++*s) {
		list_add(&fields, value_string(c->e->at, field(c, s)));
		spend(c->s->world, c->e->at, 1);
		if (**s != ',')
			break;
	}
	if (**s && !strchr("\r\n", **s))
		function_fail(c, "%s follows a quoted field: a comma or the end of the line is needed", clip(*s, 10));
	*s += strspn(*s, "\r\n");
	return fields;
}

/* The first line has the names. */
struct value *code_csvdecode(const struct call *c)
{
	const char *s = c->args[0]->string;
	struct list names = record(c, &s), rows = { 0 };

	while (*s) {
		struct list fields = record(c, &s), members = { 0 };
		if (fields.count != names.count)
			function_fail(c, "a line has %zu fields; the first one has %zu", fields.count, names.count);
		for (size_t i = 0; i < fields.count; i++)
			list_add(&members, member(((struct value *) names.at[i])->string, c->e->at, fields.at[i]));
		list_add(&rows, value_object(c->e->at, members));
	}
	return value_list(c->e->at, rows);
}

struct value *code_jsonencode(const struct call *c)
{
	struct value *v = value_string(c->e->at, value_json(c->args[0]));
	v->run = value_waits(c->args[0]) ? c->e->list[0] : NULL;
	return v;
}

/* JSON is read as what HCL1's values have in common with it. */
struct value *code_jsondecode(const struct call *c)
{
	struct lexer l = token_reopen(c->args[0]->string, c->e->at);
	l.literal = l.json = true;
	token_next(&l);
	const struct expr *e = expr_read(&l);
	if (l.kind != T_END)
		function_fail(c, "found %s after the end of the JSON: remove it", token_name(&l));
	return eval(e, c->s);
}
