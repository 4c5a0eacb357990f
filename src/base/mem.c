#include "base/mem.h"

#include "base/fail.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK ((size_t) 64 * 1024)

static struct chunk {
	struct chunk *older;
	size_t used, size;
} * newest;

void *mem(size_t size)
{
	const size_t head = sizeof(max_align_t) * 2;

	if (size > SIZE_MAX / 2)
		fail("out of memory");
	size = (size + 15) & ~(size_t) 15;
	if (!newest || newest->size - newest->used < size) {
		size_t room = size + head > CHUNK ? size + head : CHUNK;
		struct chunk *c = calloc(1, room);
		if (!c)
			fail("out of memory");
		*c = (struct chunk){ newest, head, room };
		newest = c;
	}
	newest->used += size;
	return (char *) newest + newest->used - size;
}

char *text_n(const char *from, size_t length)
{
	char *to = mem(length + 1);
	memcpy(to, from, length);
	return to;
}

char *text(const char *from) { return text_n(from, strlen(from)); }

char *vfmt(const char *format, va_list ap)
{
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(NULL, 0, format, again);
	va_end(again);
	char *out = mem((size_t) n + 1);
	vsnprintf(out, (size_t) n + 1, format, ap);
	return out;
}

char *fmt(const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	char *out = vfmt(format, ap);
	va_end(ap);
	return out;
}

size_t count(const void *list)
{
	size_t n = 0;
	EACH(item, (void *const *) list)
		n++;
	return n;
}

void *append(const void *list, const void *item)
{
	size_t n = count(list);
	const void **longer = mem((n + 2) * sizeof *longer);
	if (n)
		memcpy(longer, list, n * sizeof *longer);
	longer[n] = item;
	return longer;
}
