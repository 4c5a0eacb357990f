/* Memory that lives as long as the command: nothing is freed one by one.  Running out of it is a failure like any
 * other. */
#pragma once
#include <stdarg.h>
#include <stddef.h>

/* Every list in bivy is a vector of pointers that ends with NULL; a NULL list is an empty one. */
#define EACH(x, list) for (__typeof__(*(list)) *x = (list); x && *x; x++)

void *mem(size_t size);       /* zeroed, aligned for anything */
char *text(const char *from); /* a copy */
char *text_n(const char *from, size_t length);
char *fmt(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *vfmt(const char *format, va_list);

size_t count(const void *list);                   /* of a NULL-ended vector of pointers */
void *append(const void *list, const void *item); /* a new vector, one longer */
