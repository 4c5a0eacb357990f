#include "base/duration.h"

#include "base/text.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define LONGEST_MS 1e12

struct unit {
	const char *name;
	double ms;
};

static const struct unit *unit_at(const char *words)
{
	/* What begins like another stands before it. */
	static const struct unit units[] = { { "ns", 1e-6 }, { "us", 1e-3 },  { "ms", 1 }, { "s", 1e3 },
					     { "m", 60e3 },  { "h", 3600e3 }, { 0 } };
	const struct unit *u = units;
	while (u->name && !starts_with(words, u->name))
		u++;
	return u->name ? u : NULL;
}

bool duration_read(const char *spelled, int64_t *ms)
{
	const struct unit *u = NULL;
	double sum = 0;

	for (const char *at = spelled; *at; at += strlen(u->name)) {
		char *end;
		double n = strtod(at, &end);
		u = isdigit((unsigned char) *at) ? unit_at(end) : NULL;
		if (!u)
			return false;
		sum += n * u->ms;
		at = end;
	}
	*ms = sum > LONGEST_MS ? 0 : (int64_t) sum;
	return u && sum <= LONGEST_MS;
}

bool timeout_read(const char *spelled, int64_t *ms)
{
	if (number(spelled, 0, INT32_MAX / 1000, ms)) {
		*ms *= 1000;
		return true;
	}
	return duration_read(spelled, ms) && *ms <= INT32_MAX;
}
