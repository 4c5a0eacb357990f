/* Strings: one that grows, and the few questions that are asked of all of them. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text {
	char *at; /* always ends with a NUL; NULL while empty */
	size_t length, room;
};

void text_add(struct text *, const char *from, size_t length);
void text_put(struct text *, const char *from);
void text_printf(struct text *, const char *format, ...) __attribute__((format(printf, 2, 3)));

bool same(const char *, const char *); /* NULL is the same as NULL only */
bool starts_with(const char *s, const char *with);
bool ends_with(const char *s, const char *with);
bool contains_word(const char *const *list, const char *word);
const char *join(const char *const *list, const char *between);
const char **split(const char *s, char at); /* empty parts are kept; "" gives none */
const char *trim(const char *s);            /* a copy without blanks at its ends */
const char *nearest(const char *const *list,
		    const char *word); /* what was meant: edit distance 1-2; NULL: nothing like it */

/* The whole of s as a number; false when it is none or out of range. */
bool number(const char *s, int64_t least, int64_t most, int64_t *to);
