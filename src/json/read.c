#include "json/field.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <yajl/yajl_parse.h>
#include <yajl/yajl_tree.h>

/* Where in the document we are; only an error ever reads it. */
struct place {
	const struct place *up;
	const char *key;
	size_t index;
};

static void (*hear_unknown)(const char *, const char *, const char *);

void json_on_unknown(void (*hear)(const char *, const char *, const char *)) { hear_unknown = hear; }

static const char *trail(const struct place *p)
{
	if (!p->up)
		return p->key;
	if (!p->key)
		return fmt("%s[%zu]", trail(p->up), p->index);
	return fmt("%s%s%s", trail(p->up), p->up->up ? "." : ": ", p->key);
}

static void want(bool ok, const struct place *at, const char *what)
{
	if (!ok)
		fail("%s: must be %s", trail(at), what);
}

static void store(void *to, uint8_t width, int64_t value)
{
	switch (width) {
	case 1: *(int8_t *) to = (int8_t) value; break;
	case 2: *(int16_t *) to = (int16_t) value; break;
	case 4: *(int32_t *) to = (int32_t) value; break;
	default: *(int64_t *) to = value; break;
	}
}

/* yajl's own integers stop at 2^63 - 1, so the digits are read again here. */
static void read_number(void *to, const struct field *f, yajl_val v, const struct place *at)
{
	want(YAJL_IS_NUMBER(v), at, "a number");
	unsigned bits = 8U * f->width;
	char *end;
	errno = 0;
	if (f->is_signed) {
		int64_t max = INT64_MAX >> (64 - bits), n = strtoll(v->u.number.r, &end, 10);
		want(!errno && !*end && n <= max && n >= -max - 1, at, fmt("a whole number of %u bits", bits));
		store(to, f->width, n);
	} else {
		uint64_t n = strtoull(v->u.number.r, &end, 10);
		want(!errno && !*end && *v->u.number.r != '-' && n <= UINT64_MAX >> (64 - bits), at,
		     fmt("a whole number of %u bits, not negative", bits));
		store(to, f->width, (int64_t) n);
	}
}

static const char *read_string(yajl_val v, const struct place *at)
{
	want(YAJL_IS_STRING(v), at, "a string");
	return text(v->u.string);
}

static void *read_object(const struct type *, yajl_val, const struct place *);

static void *read_item(const struct field *f, yajl_val v, const struct place *at)
{
	if (f->kind == K_STRS)
		return (void *) read_string(v, at);
	if (f->kind == K_LIST)
		return read_object(f->of, v, at);
	void *number = mem(f->width);
	read_number(number, f, v, at);
	return number;
}

static void **read_list(const struct field *f, yajl_val v, const struct place *up)
{
	want(YAJL_IS_ARRAY(v), up, "a list");
	void **list = mem((v->u.array.len + 1) * sizeof(void *));
	for (size_t i = 0; i < v->u.array.len; i++)
		list[i] = read_item(f, v->u.array.values[i], &(struct place){ up, NULL, i });
	return list;
}

static int by_words(const void *one, const void *other)
{
	return strcmp(*(const char *const *) one, *(const char *const *) other);
}

/* RFC 8259 leaves the meaning of a key that comes twice open, and parsers differ: who reads it must not guess.  Sorted,
 * because a document may hold a million of them. */
static void refuse_duplicates(yajl_val v, const struct place *up)
{
	size_t n = v->u.object.len;
	const char **keys = mem((n + 1) * sizeof *keys);
	if (n)
		memcpy(keys, v->u.object.keys, n * sizeof *keys);
	qsort(keys, n, sizeof *keys, by_words);
	for (size_t i = 0; i + 1 < n; i++)
		if (!strcmp(keys[i], keys[i + 1]))
			fail("%s: the key \"%s\" is given twice; remove one", trail(up), keys[i]);
}

static void *read_entry(const struct field *f, const char *key, yajl_val v, const struct place *at)
{
	if (f->kind == K_MAP) {
		struct pair *p = mem(sizeof *p);
		*p = (struct pair){ text(key), read_string(v, at) };
		return p;
	}
	if (f->kind == K_COUNTS) {
		struct tally *t = mem(sizeof *t);
		t->key = text(key);
		read_number(&t->value, f, v, at);
		return t;
	}
	const char **entry = read_object(f->of, v, at);
	*entry = text(key);
	return entry;
}

static void **read_map(const struct field *f, yajl_val v, const struct place *up)
{
	want(YAJL_IS_OBJECT(v), up, "an object");
	refuse_duplicates(v, up);
	void **list = mem((v->u.object.len + 1) * sizeof(void *));
	for (size_t i = 0; i < v->u.object.len; i++) {
		const char *key = v->u.object.keys[i];
		list[i] = read_entry(f, key, v->u.object.values[i], &(struct place){ up, key, 0 });
	}
	return list;
}

static void read_name(void *to, const struct field *f, yajl_val v, const struct place *at)
{
	const char *word = read_string(v, at);
	int64_t value = word_value(f->words, word, INT64_MIN);
	if (value == INT64_MIN)
		fail("%s: unknown value \"%s\"; it can be %s", trail(at), word, known_words(f->words));
	store(to, f->width, value);
}

static void read_field(void *to, const struct field *f, yajl_val v, const struct place *at)
{
	switch (f->kind) {
	case K_STR: *(const char **) to = read_string(v, at); break;
	case K_BOOL:
		want(YAJL_IS_TRUE(v) || YAJL_IS_FALSE(v), at, "true or false");
		*(bool *) to = YAJL_IS_TRUE(v);
		break;
	case K_NUM: read_number(to, f, v, at); break;
	case K_OPT: read_number(*(void **) to = mem(f->width), f, v, at); break;
	case K_NAME: read_name(to, f, v, at); break;
	case K_OBJ: *(void **) to = read_object(f->of, v, at); break;
	case K_STRS:
	case K_NUMS:
	case K_LIST: *(void ***) to = read_list(f, v, at); break;
	case K_MAP:
	case K_COUNTS:
	case K_DICT: *(void ***) to = read_map(f, v, at); break;
	}
}

static yajl_val member(yajl_val object, const char *key)
{
	for (size_t i = 0; i < object->u.object.len; i++)
		if (!strcmp(object->u.object.keys[i], key))
			return object->u.object.values[i];
	return NULL;
}

static void tell_unknown(const struct type *t, yajl_val v, const struct place *up)
{
	const char **known = NULL;
	for (const struct field *f = t->fields; f->key; f++)
		known = append(known, f->key);
	for (size_t i = 0; i < v->u.object.len; i++)
		if (!contains_word(known, v->u.object.keys[i]))
			hear_unknown(trail(up), v->u.object.keys[i], nearest(known, v->u.object.keys[i]));
}

static void *read_object(const struct type *t, yajl_val v, const struct place *up)
{
	want(YAJL_IS_OBJECT(v), up, "an object");
	refuse_duplicates(v, up);
	char *to = mem(t->size);
	for (const struct field *f = t->fields; f->key; f++) {
		yajl_val m = member(v, f->key);
		if (m && !YAJL_IS_NULL(m))
			read_field(to + f->at, f, m, &(struct place){ up, f->key, 0 });
		else if (f->need)
			fail("%s: \"%s\" is missing", trail(up), f->key);
	}
	if (hear_unknown)
		tell_unknown(t, v, up);
	return to;
}

static _Noreturn void refuse_at(const char *file, const char *json, size_t at, const char *why)
{
	size_t line = 1, column = 1;
	for (size_t i = 0; i < at && json[i + 1]; i++) {
		column = json[i] == '\n' ? 1 : column + 1;
		line += json[i] == '\n';
	}
	fail("%s:%zu,%zu: not JSON: %s", file, line, column, why);
}

/* yajl's tree says what is wrong but not where, so the place is found by reading again. */
static _Noreturn void refuse_text(const char *file, const char *json, const char *why)
{
	yajl_handle h = yajl_alloc(NULL, NULL, NULL);
	size_t length = strlen(json);

	/* All of it is good as far as it goes: then it is the end that came too soon. */
	bool good = yajl_parse(h, (const unsigned char *) json, length) == yajl_status_ok;
	refuse_at(file, json, good ? length : yajl_get_bytes_consumed(h), text_n(why, strcspn(why, "\n")));
}

/* The bytes of one character (RFC 3629: shortest forms, no surrogates, nothing above U+10FFFF); 0: it is none. */
static size_t utf8_length(const unsigned char *s)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = *s < 0x80 ? 1 : *s >> 5 == 6 ? 2 : *s >> 4 == 14 ? 3 : *s >> 3 == 30 ? 4 : 0;
	uint32_t c = n > 1 ? *s & (0x7FU >> n) : 0;

	for (size_t i = 1; i < n; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		c = c << 6 | (s[i] & 0x3F);
	}
	return n > 1 && (c < least[n] || (c >= 0xD800 && c < 0xE000) || c > 0x10FFFF) ? 0 : n;
}

/* What yajl takes and C cannot hold: a string with a NUL would end there.  And yajl knows only the outline of UTF-8. */
static void refuse_characters(const char *file, const char *json)
{
	for (size_t i = 0, n; json[i]; i += n) {
		n = json[i] == '\\' && json[i + 1] > 0 ? 2 : utf8_length((const unsigned char *) json + i);
		if (!n)
			refuse_at(file, json, i, "invalid bytes, this is not UTF-8");
		if (!strncmp(json + i, "\\u0000", 6))
			refuse_at(file, json, i, "a NUL in a string");
	}
}

void *json_read(const char *file, const char *json, const struct type *t)
{
	char why[1024];
	refuse_characters(file, json);
	yajl_val v = yajl_tree_parse(json, why, sizeof why);
	if (!v)
		refuse_text(file, json, *why ? why : "the document is empty");
	/* The tree stays: it is the command's, and yajl_tree_free recurses as deep as the document. */
	return read_object(t, v, &(struct place){ NULL, file, 0 });
}
