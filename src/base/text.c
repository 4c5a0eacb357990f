#include "base/text.h"

#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void text_add(struct text *t, const char *from, size_t length)
{
	if (t->length + length >= t->room) {
		size_t room = (t->length + length + 64) * 2;
		char *larger = mem(room);
		if (t->length)
			memcpy(larger, t->at, t->length);
		t->at = larger;
		t->room = room;
	}
	memcpy(t->at + t->length, from, length);
	t->length += length;
	t->at[t->length] = 0;
}

void text_put(struct text *t, const char *from) { text_add(t, from, strlen(from)); }

void text_printf(struct text *t, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	text_put(t, vfmt(format, ap));
	va_end(ap);
}

bool same(const char *a, const char *b) { return a == b || (a && b && !strcmp(a, b)); }

bool starts_with(const char *s, const char *with) { return !strncmp(s, with, strlen(with)); }

bool ends_with(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);
	return n >= m && !strcmp(s + n - m, with);
}

bool contains_word(const char *const *list, const char *word)
{
	EACH(s, list)
		if (!strcmp(*s, word))
			return true;
	return false;
}

const char *join(const char *const *list, const char *between)
{
	struct text t = { 0 };
	EACH(s, list) {
		if (s != list)
			text_put(&t, between);
		text_put(&t, *s);
	}
	return t.at ? t.at : "";
}

const char **split(const char *s, char at)
{
	size_t parts = 1;
	for (const char *p = s; *p; p++)
		parts += *p == at;
	const char **list = mem((parts + 1) * sizeof *list);
	for (size_t n = 0; *s; n++) {
		const char *end = strchrnul(s, at);
		list[n] = text_n(s, (size_t) (end - s));
		s = *end ? end + 1 : end;
		if (*end && !*s)
			list[n + 1] = "";
	}
	return list;
}

const char *trim(const char *s)
{
	while (isspace((unsigned char) *s))
		s++;
	size_t n = strlen(s);
	while (n && isspace((unsigned char) s[n - 1]))
		n--;
	return text_n(s, n);
}

/* Levenshtein's distance, case counting half: the usual slip is a letter or a shift key. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b);
	if (n >= sizeof row / sizeof *row || strlen(a) > 2 * n + 2)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		row[j] = 2 * j;
	for (size_t i = 0; a[i]; i++) {
		size_t corner = row[0];
		row[0] = 2 * (i + 1);
		for (size_t j = 0; j < n; j++) {
			size_t up = row[j + 1], cost = a[i] == b[j] ? 0 : tolower(a[i]) == tolower(b[j]) ? 1 : 2;
			size_t least = corner + cost;
			least = row[j] + 2 < least ? row[j] + 2 : least;
			least = up + 2 < least ? up + 2 : least;
			row[j + 1] = least;
			corner = up;
		}
	}
	return row[n];
}

const char *nearest(const char *const *list, const char *word)
{
	const char *best = NULL;
	size_t least = 5;
	EACH(s, list) {
		size_t d = distance(word, *s);
		if (d < least && d < 2 * strlen(word)) {
			least = d;
			best = *s;
		}
	}
	return best;
}

bool number(const char *s, int64_t least, int64_t most, int64_t *to)
{
	char *end;
	errno = 0;
	long long n = strtoll(s, &end, 10);
	if (errno || end == s || *end || isspace((unsigned char) *s) || n < least || n > most)
		return false;
	*to = n;
	return true;
}
