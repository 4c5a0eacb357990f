/* A value as text: JSON, and HCL's own literals.  Both recurse as deep as the value, which value.c bounds. */
#include "base/mem.h"
#include "task/value.h"

#include <string.h>

/* What stands between quotes. */
struct manner {
	bool html;      /* JSON, as Go's encoder: fit for a <script> */
	bool templates; /* HCL: "${" is doubled, unless it is meant for the run */
};

static void put_character(struct text *t, const char **s)
{
	static const char letters[] = "n\nr\rt\t\"\"\\\\";
	unsigned char c = (unsigned char) **s;

	for (const char *l = letters; *l; l += 2)
		if ((unsigned char) l[1] == c) {
			text_printf(t, "\\%c", *l);
			return;
		}
	if (c < ' ')
		text_printf(t, "\\u%04x", c);
	else
		text_add(t, *s, 1);
}

static void put_quoted(struct text *t, const char *s, struct manner how)
{
	text_put(t, "\"");
	for (; *s; s++) {
		if (how.html && strchr("<>&", *s))
			text_printf(t, "\\u%04x", (unsigned) *s);
		else if (how.templates && strchr("$%", *s) && s[1] == '{')
			text_printf(t, "%c%c", *s, *s);
		else
			put_character(t, &s);
	}
	text_put(t, "\"");
}

static void put(struct text *t, const struct value *v, bool json);

static void put_members(struct text *t, const struct value *v, bool json)
{
	const char *between = "";
	struct member **members = value_sorted(v);
	text_put(t, "{");
	EACH(m, members) {
		text_put(t, between);
		put_quoted(t, (*m)->key, (struct manner){ json, !json });
		text_put(t, json ? ":" : " = ");
		put(t, (*m)->value, json);
		between = json ? "," : ", ";
	}
	text_put(t, "}");
}

static void put_items(struct text *t, const struct value *v, bool json)
{
	const char *between = "";
	text_put(t, "[");
	EACH(item, v->list) {
		text_put(t, between);
		put(t, *item, json);
		between = json ? "," : ", ";
	}
	text_put(t, "]");
}

static void put(struct text *t, const struct value *v, bool json)
{
	switch (v->kind) {
	case V_NULL: text_put(t, "null"); break;
	case V_STRING: put_quoted(t, v->string, (struct manner){ json, !json && !v->run }); break;
	case V_LIST: put_items(t, v, json); break;
	case V_OBJECT: put_members(t, v, json); break;
	case V_BOOL:
	case V_NUMBER: text_put(t, value_text(v)); break;
	}
}

const char *value_json(const struct value *v)
{
	struct text t = { 0 };
	put(&t, v, true);
	return t.at;
}

const char *value_literal(const struct value *v)
{
	struct text t = { 0 };
	put(&t, v, false);
	return t.at;
}
