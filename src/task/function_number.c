/* Functions on numbers. */
#include "base/mem.h"
#include "task/decimal.h"
#include "task/function.h"

#include <stdlib.h>
#include <string.h>

/* Of a fraction; larger numbers have none. */
static long double rounded(const struct call *c, int up)
{
	long double n = c->args[0]->number;
	if (!(n > -TWO_TO_64 && n < TWO_TO_64))
		return n;
	long double whole = (long double) (__int128) n;
	return up > 0 && whole < n ? whole + 1 : up < 0 && whole > n ? whole - 1 : whole;
}

struct value *number_abs(const struct call *c)
{
	const char *s = c->args[0]->string;
	return value_decimal(c->e->at, s + (*s == '-'));
}

struct value *number_ceil(const struct call *c) { return value_number(c->e->at, rounded(c, 1)); }
struct value *number_floor(const struct call *c) { return value_number(c->e->at, rounded(c, -1)); }
struct value *number_int(const struct call *c) { return value_number(c->e->at, rounded(c, 0)); }

struct value *number_max(const struct call *c)
{
	struct value *most = c->args[0];
	EACH(v, c->args)
		if ((*v)->number > most->number)
			most = *v;
	return most;
}

struct value *number_min(const struct call *c)
{
	struct value *least = c->args[0];
	EACH(v, c->args)
		if ((*v)->number < least->number)
			least = *v;
	return least;
}

struct value *number_signum(const struct call *c)
{
	long double n = c->args[0]->number;
	return value_number(c->e->at, n < 0 ? -1 : n > 0);
}

struct value *number_parseint(const struct call *c)
{
	const char *s = c->args[0]->string;
	char *end;
	size_t base = function_index(c, c->args[1], 36);
	if (base < 2)
		function_fail(c, "base %zu is none: it must be between 2 and 36", base);
	long long n = strtoll(s, &end, (int) base);
	if (end == s || *end || strpbrk(s, " \t\n+xX") || n == (long long) ((~0ULL) >> 1))
		function_fail(c, "%s is no whole number of base %zu", clip(s, strlen(s)), base);
	return value_number(c->e->at, (long double) n);
}

struct value *number_pow(const struct call *c)
{
	size_t times = function_index(c, c->args[1], 1000);
	long double n = 1;
	while (times--)
		n *= c->args[0]->number;
	return value_number(c->e->at, n);
}
