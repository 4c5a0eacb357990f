#include "line.h"

#include <stdbool.h>
#include <string.h>

void put(struct line *l, const char *s)
{
	size_t n = strlen(s);
	if (n > sizeof l->text - l->length)
		n = sizeof l->text - l->length;
	memcpy(l->text + l->length, s, n);
	l->length += n;
}

void put_number(struct line *l, uint64_t n, int least_digits)
{
	char digits[24], *at = digits + sizeof digits - 1;
	*at = 0;
	for (int i = 0; n || i < least_digits; i++, n /= 10)
		*--at = (char) ('0' + n % 10);
	put(l, at);
}

static bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

/* gmtime(3) would read the time zone's files and allocate. */
void put_time(struct line *l, const struct timespec *t)
{
	static const int month_days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	long days = t->tv_sec / 86400, second = t->tv_sec % 86400;
	int year = 1970, month = 0;

	for (; days >= 365 + is_leap(year); year++)
		days -= 365 + is_leap(year);
	for (; days >= month_days[month] + (month == 1 && is_leap(year)); month++)
		days -= month_days[month] + (month == 1 && is_leap(year));

	const struct {
		const char *before;
		int digits;
		uint64_t value;
	} parts[] = { { "\"", 4, (uint64_t) year },
		      { "-", 2, (uint64_t) month + 1 },
		      { "-", 2, (uint64_t) days + 1 },
		      { "T", 2, (uint64_t) second / 3600 },
		      { ":", 2, (uint64_t) second / 60 % 60 },
		      { ":", 2, (uint64_t) second % 60 },
		      { ".", 9, (uint64_t) t->tv_nsec } };
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		put(l, parts[i].before);
		put_number(l, parts[i].value, parts[i].digits);
	}
	put(l, "Z\"");
}

int64_t parse_number(const char *text, const char **end)
{
	int64_t n = 0;
	for (; *text >= '0' && *text <= '9'; text++)
		n = n * 10 + (*text - '0');
	if (end)
		*end = text;
	return n;
}

int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
