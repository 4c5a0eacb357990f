#include "task/tree.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdarg.h>

/* Line 0: what did not come from a file. */
const char *hcl_place(struct position p) { return p.line ? fmt("%s:%u,%u", p.file, p.line, p.column) : p.file; }

void hcl_fail(struct position p, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fail("%s: %s", hcl_place(p), vfmt(format, ap));
}

void hcl_fail_as(enum kind kind, struct position p, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	fail_as(kind, "%s: %s", hcl_place(p), vfmt(format, ap));
}

const struct attribute *hcl_attribute(const struct block *b, const char *name)
{
	EACH(a, b->attributes)
		if (same((*a)->name, name))
			return *a;
	return NULL;
}
