/* A line of text that is put together in a place of fixed size: what does not fit is cut off. */
#pragma once
#include <stddef.h>
#include <stdint.h>
#include <time.h>

struct line {
	char text[1024];
	size_t length;
};

void put(struct line *, const char *);
void put_number(struct line *, uint64_t, int least_digits);
void put_time(struct line *, const struct timespec *); /* RFC 3339 in UTC, in quotes */

/* The decimal number that `text` begins with; *end (or NULL): what follows it. */
int64_t parse_number(const char *text, const char **end);

int64_t now_ms(void); /* CLOCK_MONOTONIC, which all processes of this machine share */
