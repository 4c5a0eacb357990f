/* format() and formatlist(): printf as Go has it. */
#include "base/mem.h"
#include "task/decimal.h"
#include "task/function.h"

#include <stdlib.h>
#include <string.h>

struct verb {
	char flags[8];
	int width, precision; /* -1: none */
	size_t nth;           /* its argument, from 1 */
	char letter;
	const char *start; /* of the whole, for an error */
};

#define MOST_WIDTH 1024

static int read_size(const struct call *c, const char **s)
{
	char *end;
	long n = strtol(*s, &end, 10);
	if (n < 0 || n > MOST_WIDTH)
		function_fail(c, "a width may be 0 to %d", MOST_WIDTH);
	*s = end;
	return (int) n;
}

static const char *read_verb(const struct call *c, const char *s, struct verb *v)
{
	*v = (struct verb){ .width = -1, .precision = -1, .nth = v->nth, .start = s };
	s++;
	for (size_t n = 0; *s && strchr("-+ #0", *s); s++)
		if (n < sizeof v->flags - 1)
			v->flags[n++] = *s;
	if (*s >= '1' && *s <= '9')
		v->width = read_size(c, &s);
	if (*s == '.') {
		s++;
		v->precision = *s >= '0' && *s <= '9' ? read_size(c, &s) : 0;
	}
	if (*s == '[') {
		s++;
		v->nth = (size_t) (*s >= '1' && *s <= '9' ? read_size(c, &s) : MOST_WIDTH);
		s += *s == ']';
	}
	v->letter = *s;
	return s + (*s != 0);
}

static void put_padded(const struct call *c, struct text *t, const struct verb *v, const char *s)
{
	size_t n = text_characters(s), width = v->width > 0 ? (size_t) v->width : 0;
	const char *blanks = n < width ? fmt("%*s", (int) (width - n), "") : "";
	bool left = strchr(v->flags, '-');

	text_put(t, left ? "" : blanks);
	grow(t, s, strlen(s), c->e->at);
	text_put(t, left ? blanks : "");
}

static void put_string(const struct call *c, struct text *t, const struct verb *v, const struct value *arg)
{
	const char *s = value_text(arg);
	if (!s)
		s = arg->kind == V_NULL ? "null" : value_json(arg);
	if (v->letter == 'q' || (v->letter == 'v' && strchr(v->flags, '#')))
		s = value_json(v->letter == 'q' ? value_string(arg->at, s) : arg);
	if (v->precision >= 0)
		s = text_n(s, (size_t) (text_character(s, (size_t) v->precision) - s));
	put_padded(c, t, v, s);
}

/* The C conversion of the same flags. */
static const char *conversion(const struct verb *v, const char *letters)
{
	return fmt("%%%s%s%s%s", v->flags, v->width < 0 ? "" : fmt("%d", v->width),
		   v->precision < 0 ? "" : fmt(".%d", v->precision), letters);
}

static const char *binary(const struct call *c, const struct value *v)
{
	unsigned long long n = (unsigned long long) function_index(c, v, (size_t) 1 << 62);
	char digits[66], *s = digits + sizeof digits - 1;
	*s = 0;
	do
		*--s = (char) ('0' + (n & 1));
	while (n >>= 1);
	return text(s);
}

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* the verbs are made above, and take what they are given */
static void put_number(const struct call *c, struct text *t, const struct verb *v, const struct value *arg)
{
	struct value *n;
	if (!value_to_number(arg, &n))
		function_fail(c, "%%%c takes a number, argument %zu is %s", v->letter, v->nth, value_kind(arg));
	if (strchr("eEfFgG", v->letter)) {
		text_printf(t, conversion(v, fmt("L%c", v->letter)), n->number);
		return;
	}
	if (strchr(n->string, '.') || n->number >= TWO_TO_63 || n->number < -TWO_TO_63)
		function_fail(c, "%%%c takes a whole number, argument %zu is %s", v->letter, v->nth, n->string);
	if (v->letter == 'b')
		put_padded(c, t, v, binary(c, n));
	else
		text_printf(t, conversion(v, fmt("ll%c", v->letter)), (long long) n->number);
}
#pragma GCC diagnostic pop

static void put_verb(const struct call *c, struct text *t, const struct verb *v, const struct value *arg)
{
	bool yes;
	if (v->letter && strchr("svq", v->letter))
		put_string(c, t, v, arg);
	else if (v->letter && strchr("bdoxXeEfFgG", v->letter))
		put_number(c, t, v, arg);
	else if (v->letter == 't' && value_to_bool(arg, &yes))
		put_padded(c, t, v, yes ? "true" : "false");
	else if (v->letter == 't')
		function_fail(c, "%%t takes true or false, argument %zu is %s", v->nth, value_kind(arg));
	else
		function_fail(c, "%s is no verb: use %%s %%d %%f %%q %%v %%x %%t, and %%%% for a percent sign",
			      clip(v->start, 4));
}

/* args: NULL-ended, without the format itself. */
static struct value *formatted(const struct call *c, struct value **args)
{
	struct text t = { 0 };
	struct verb v = { .nth = 1 };
	size_t given = count(args), most = 0;

	for (const char *s = c->args[0]->string; *s;) {
		size_t plain = strcspn(s, "%");
		grow(&t, s, plain, c->e->at);
		s += plain;
		if (starts_with(s, "%%")) {
			text_add(&t, "%", 1);
			s += 2;
		} else if (*s) {
			s = read_verb(c, s, &v);
			if (v.nth > given)
				function_fail(c, "there is no argument %zu for %s: add it", v.nth,
					      clip(v.start, (size_t) (s - v.start)));
			put_verb(c, &t, &v, args[v.nth - 1]);
			most = v.nth > most ? v.nth : most;
			v.nth++;
		}
	}
	if (most < given)
		function_fail(c, "argument %zu has no verb in %s: remove it", most + 1,
			      clip(c->args[0]->string, strlen(c->args[0]->string)));
	struct value *result = function_string(c, t);
	EACH(a, args)
		result->run = value_waits(*a) ? c->e->list[0] : result->run;
	result->run = c->args[0]->run ? c->e->list[0] : result->run;
	return result;
}

struct value *format_one(const struct call *c) { return formatted(c, c->args + 1); }

/* Of each argument the item of that round: a list's nth, or what is none each time. */
static struct value **round_of(const struct call *c, size_t nth, size_t rounds)
{
	struct list to = { 0 };
	for (size_t i = 1; i < c->count; i++) {
		struct value *v = c->args[i];
		if (v->kind == V_LIST && count(v->list) != rounds)
			function_fail(c, "the lists are not of the same length: %zu and %zu", count(v->list), rounds);
		list_add(&to, v->kind == V_LIST ? v->list[nth] : v);
	}
	return (struct value **) to.at;
}

struct value *format_list(const struct call *c)
{
	size_t rounds = 1;
	struct list to = { 0 };

	EACH(v, c->args + 1)
		rounds = (*v)->kind == V_LIST ? count((*v)->list) : rounds;
	for (size_t i = 0; i < rounds; i++) {
		spend(c->s->world, c->e->at, 64 * c->count);
		list_add(&to, formatted(c, round_of(c, i, rounds)));
	}
	return value_list(c->e->at, to);
}
