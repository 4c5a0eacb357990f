/* Numbers as text.  Nomad computes with 512 bits, C does not: a number that is only passed on keeps all its digits
 * because it is never turned into a binary one. */
#include "task/decimal.h"

#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_DIGITS 400

/* digits x 10^exponent; no zero stands at either end of digits. */
struct decimal {
	bool negative;
	char digits[MOST_DIGITS + 1];
	int length, exponent;
};

static bool take_digit(struct decimal *d, char c, bool fraction)
{
	if (c != '0' || d->length) {
		if (d->length == MOST_DIGITS)
			return false;
		d->digits[d->length++] = c;
	}
	d->exponent -= fraction;
	return true;
}

static const char *take_digits(struct decimal *d, const char *s, bool fraction)
{
	if (!isdigit((unsigned char) *s))
		return NULL;
	while (isdigit((unsigned char) *s))
		if (!take_digit(d, *s++, fraction))
			return NULL;
	return s;
}

static const char *take_exponent(struct decimal *d, const char *s)
{
	char *end;
	long n = strtol(s + 1, &end, 10);
	if (!isdigit((unsigned char) end[-1]) || isspace((unsigned char) s[1]) || n > MOST_DIGITS || n < -MOST_DIGITS)
		return NULL;
	d->exponent += (int) n;
	return end;
}

static bool take(struct decimal *d, const char *s)
{
	d->negative = *s == '-';
	s = take_digits(d, s + d->negative, false);
	if (s && *s == '.')
		s = take_digits(d, s + 1, true);
	if (s && (*s == 'e' || *s == 'E'))
		s = take_exponent(d, s);
	return s && !*s;
}

static const char *plain(const struct decimal *d)
{
	struct text t = { 0 };
	int point = d->length + d->exponent;

	const char *zeros = fmt("%0*d", abs(point) + abs(d->exponent) + 1, 0);

	text_put(&t, d->negative ? "-" : "");
	if (point <= 0)
		text_printf(&t, "0.%.*s%s", -point, zeros, d->digits);
	else if (d->exponent < 0)
		text_printf(&t, "%.*s.%s", point, d->digits, d->digits + point);
	else
		text_printf(&t, "%s%.*s", d->digits, d->exponent, zeros);
	return t.at;
}

const char *decimal_read(const char *s)
{
	struct decimal d = { 0 };
	if (!take(&d, s))
		return NULL;
	for (; d.length && d.digits[d.length - 1] == '0'; d.length--)
		d.exponent++;
	d.digits[d.length] = 0;
	if (!d.length)
		return "0";
	if (d.length + d.exponent > MOST_DIGITS || d.exponent < -MOST_DIGITS)
		return NULL;
	return plain(&d);
}

const char *decimal_print(long double n)
{
	bool whole = n > -TWO_TO_64 && n < TWO_TO_64 && n == (long double) (__int128) n;
	const char *decimal = decimal_read(fmt(whole ? "%.0Lf" : "%.18Lg", n));
	return decimal ? decimal : "0"; /* it was smaller than 10^-400 */
}
