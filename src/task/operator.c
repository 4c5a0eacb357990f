/* The operators.  Whole numbers are exact up to 2^64, which is what a long double holds on the machines that Linux has
 * it on. */
#include "base/mem.h"
#include "task/decimal.h"
#include "task/eval.h"

#include <string.h>

static long double want_number(const struct value *v, const struct expr *e)
{
	struct value *n;
	if (!value_to_number(v, &n))
		hcl_fail(v->at, "Invalid operand; a number is required in %s, this is %s%s",
			 clip(e->start, (size_t) (e->end - e->start)), value_kind(v),
			 v->kind == V_STRING ? fmt(": %s", clip(v->string, strlen(v->string))) : "");
	return n->number;
}

static bool want_bool(const struct value *v, const struct expr *e)
{
	bool yes;
	if (!value_to_bool(v, &yes))
		hcl_fail(v->at, "Invalid operand; true or false is required in %s, this is %s",
			 clip(e->start, (size_t) (e->end - e->start)), value_kind(v));
	return yes;
}

struct value *operator_unary(const struct expr *e, const struct value *v)
{
	if (e->operator== '!')
		return value_bool(e->at, !want_bool(v, e));
	if (v->kind == V_NUMBER) /* keeps the digits of a long literal */
		return value_decimal(e->at, *v->string == '-'      ? v->string + 1
					    : same(v->string, "0") ? "0"
								   : fmt("-%s", v->string));
	return value_number(e->at, -want_number(v, e));
}

static struct value *divided(const struct expr *e, long double a, long double b)
{
	if (b == 0)
		hcl_fail(e->at, "Division by zero; the right side of %s is 0: test it with ? : before",
			 clip(e->start, (size_t) (e->end - e->start)));
	if (e->operator== '/')
		return value_number(e->at, a / b);
	long double times = a / b;
	if (!(times > -TWO_TO_64 && times < TWO_TO_64))
		hcl_fail(e->at, "Number too large; %s leaves the range that is calculated exactly",
			 clip(e->start, (size_t) (e->end - e->start)));
	return value_number(e->at, a - b * (long double) (__int128) times);
}

static struct value *calculated(const struct expr *e, long double a, long double b)
{
	switch (e->operator) {
	case '+': return value_number(e->at, a + b);
	case '-': return value_number(e->at, a - b);
	case '*': return value_number(e->at, a * b);
	case '<': return value_bool(e->at, a < b);
	case '>': return value_bool(e->at, a > b);
	case T_AT_MOST: return value_bool(e->at, a <= b);
	case T_AT_LEAST: return value_bool(e->at, a >= b);
	default: return divided(e, a, b);
	}
}

struct value *operator_binary(const struct expr *e, const struct value *a, const struct value *b)
{
	switch (e->operator) {
	case T_EQUAL: return value_bool(e->at, value_same(a, b));
	case T_UNEQUAL: return value_bool(e->at, !value_same(a, b));
	case T_AND:
	case T_OR: {
		bool left = want_bool(a, e), right = want_bool(b, e);
		return value_bool(e->at, e->operator== T_AND ? left && right : left || right);
	}
	default: return calculated(e, want_number(a, e), want_number(b, e));
	}
}
