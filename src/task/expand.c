/* The run-time pass over a task's strings.  Two engines, as Nomad has: a template language for `config`, plain
 * replacement for everything else. */
#include "base/mem.h"
#include "task/eval.h"
#include "task/function.h"
#include "task/hcl.h"

#include <string.h>

typedef const char *find(const char *name, const void *context);

static size_t name_length(const char *s)
{
	return strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");
}

static const char *plain(const char *s, find *lookup, const void *context)
{
	struct text t = { 0 };
	while (*s) {
		size_t length = starts_with(s, "${") ? name_length(s + 2) : 0;
		const char *value = length && s[2 + length] == '}' ? lookup(text_n(s + 2, length), context) : NULL;
		if (value)
			text_put(&t, value);
		else
			text_add(&t, s, 1);
		s += value ? length + 3 : 1;
	}
	return t.at ? t.at : "";
}

const char *hcl_expand(const char *string, struct position at, bool strict, find *lookup, const void *context,
		       const char *const *known)
{
	struct world world = { .functions = &function_calls, .lookup = lookup, .context = context, .known = known };
	struct lexer l = token_reopen(string, at);

	if (!strchr(string, '{'))
		return string;
	if (!strict)
		return plain(string, lookup, context);
	const struct value *v = eval(template_read(&l), &(struct scope){ .world = &world });
	if (!value_text(v))
		hcl_fail(at, "Unsuitable value; %s evaluates to %s, a string is required: use join or jsonencode",
			 clip(string, strlen(string)), value_kind(v));
	return value_text(v);
}
