#include "json/field.h"

#include "base/fail.h"
#include "base/mem.h"

#include <stdio.h>
#include <string.h>
#include <yajl/yajl_gen.h>

static void put(yajl_gen g, const char *s)
{
	if (yajl_gen_string(g, (const unsigned char *) s, strlen(s)) != yajl_gen_status_ok)
		fail("cannot write \"%s\" as JSON", s);
}

static int64_t load(const void *from, const struct field *f)
{
	switch (f->width) {
	case 1: return f->is_signed ? *(const int8_t *) from : *(const uint8_t *) from;
	case 2: return f->is_signed ? *(const int16_t *) from : *(const uint16_t *) from;
	case 4: return f->is_signed ? *(const int32_t *) from : (int64_t) * (const uint32_t *) from;
	default: return *(const int64_t *) from;
	}
}

static void put_number(yajl_gen g, const struct field *f, int64_t n)
{
	char digits[24];
	int length = f->is_signed ? snprintf(digits, sizeof digits, "%lld", (long long) n)
				  : snprintf(digits, sizeof digits, "%llu", (unsigned long long) n);
	yajl_gen_number(g, digits, (size_t) length);
}

static void write_object(yajl_gen, const struct type *, const char *from, bool keyed);

static void write_item(yajl_gen g, const struct field *f, const void *item)
{
	if (f->kind == K_STRS)
		put(g, item);
	else if (f->kind == K_NUMS)
		put_number(g, f, load(item, f));
	else
		write_object(g, f->of, item, false);
}

static void write_list(yajl_gen g, const struct field *f, const void *const *list)
{
	yajl_gen_array_open(g);
	EACH(item, list)
		write_item(g, f, *item);
	yajl_gen_array_close(g);
}

static void write_map(yajl_gen g, const struct field *f, const struct pair *const *list)
{
	yajl_gen_map_open(g);
	EACH(p, list) {
		put(g, (*p)->key);
		if (f->kind == K_MAP)
			put(g, (*p)->value);
		else if (f->kind == K_COUNTS)
			put_number(g, f, load(&((const struct tally *) *p)->value, f));
		else
			write_object(g, f->of, (const char *) *p, true);
	}
	yajl_gen_map_close(g);
}

/* Absent in, absent out: a zero field leaves no key behind unless it is needed. */
static bool absent(const struct field *f, const void *from)
{
	static const char nothing[8];
	size_t width = f->kind == K_NUM || f->kind == K_NAME ? f->width : f->kind == K_BOOL ? 1 : sizeof(void *);
	return !f->need && !memcmp(from, nothing, width);
}

static void write_field(yajl_gen g, const struct field *f, const void *from)
{
	switch (f->kind) {
	case K_BOOL: yajl_gen_bool(g, *(const bool *) from); return;
	case K_NUM: put_number(g, f, load(from, f)); return;
	case K_NAME: put(g, value_word(f->words, load(from, f))); return;
	default: break;
	}
	const void *target = *(const void *const *) from;
	switch (f->kind) {
	case K_STR: put(g, target ? target : ""); break;
	case K_OPT: put_number(g, f, load(target, f)); break;
	case K_OBJ: write_object(g, f->of, target, false); break;
	case K_STRS:
	case K_NUMS:
	case K_LIST: write_list(g, f, target); break;
	default: write_map(g, f, target); break;
	}
}

static void write_object(yajl_gen g, const struct type *t, const char *from, bool keyed)
{
	yajl_gen_map_open(g);
	for (const struct field *f = t->fields; f->key; f++) {
		if (absent(f, from + f->at) || (keyed && !f->at))
			continue;
		put(g, f->key);
		write_field(g, f, from + f->at);
	}
	yajl_gen_map_close(g);
}

static yajl_gen begin(bool beautiful)
{
	yajl_gen g = yajl_gen_alloc(NULL);
	if (!g)
		fail("out of memory");
	yajl_gen_config(g, yajl_gen_beautify, beautiful);
	yajl_gen_config(g, yajl_gen_indent_string, "  ");
	return g;
}

static char *finish(yajl_gen g, bool beautiful)
{
	const unsigned char *out;
	size_t n;
	if (yajl_gen_get_buf(g, &out, &n) != yajl_gen_status_ok)
		fail("cannot write JSON");
	char *t = fmt("%.*s%s", (int) n, (const char *) out, beautiful ? "" : "\n");
	yajl_gen_free(g);
	return t;
}

char *json_text(const void *from, const struct type *t, bool beautiful)
{
	yajl_gen g = begin(beautiful);
	write_object(g, t, from, false);
	return finish(g, beautiful);
}

char *json_list_text(const void *const *list, const struct type *t)
{
	if (!count(list))
		return fmt("[]\n"); /* yajl would put an empty line in between */
	yajl_gen g = begin(true);
	yajl_gen_array_open(g);
	EACH(item, list)
		write_object(g, t, *item, false);
	yajl_gen_array_close(g);
	return finish(g, true);
}

void json_print(const void *from, const struct type *t)
{
	if (fputs(json_text(from, t, true), stdout) < 0)
		fail_sys("standard output");
}
