/* Which functions there are, what they take, and calling one. */
#include "task/function.h"

#include "base/mem.h"

#include <stdarg.h>
#include <string.h>

#define LENGTH(a) (sizeof(a) / sizeof(*(a)))

/* takes: one letter an argument: s string, n number, l list, o object, c list or object, a anything; after "?" they may
 * be missing, "*" repeats the last (or leaves it out).  MOVES: does not look into what it is given, so that a reference
 * for the run passes through it as the text that it is. */
enum { LOOKS, MOVES };

/* clang-format off */
static const struct row { const char *name, *takes; int moves; function *run; } functions[] = {
	{ "abs",             "n",    LOOKS, number_abs },
	{ "abspath",         "s",    LOOKS, path_abspath },
	{ "base64decode",    "s",    LOOKS, code_base64decode },
	{ "base64encode",    "s",    LOOKS, code_base64encode },
	{ "basename",        "s",    LOOKS, path_basename },
	{ "ceil",            "n",    LOOKS, number_ceil },
	{ "chomp",           "s",    LOOKS, text_chomp },
	{ "chunklist",       "ln",   MOVES, list_chunklist },
	{ "coalesce",        "a*",   LOOKS, list_coalesce },
	{ "coalescelist",    "l*",   MOVES, list_coalescelist },
	{ "compact",         "l",    MOVES, list_compact },
	{ "concat",          "l*",   MOVES, list_concat },
	{ "contains",        "la",   LOOKS, list_contains },
	{ "csvdecode",       "s",    LOOKS, code_csvdecode },
	{ "dirname",         "s",    LOOKS, path_dirname },
	{ "distinct",        "l",    LOOKS, list_distinct },
	{ "element",         "ln",   MOVES, list_element },
	{ "file",            "s",    LOOKS, path_file },
	{ "filebase64",      "s",    LOOKS, path_filebase64 },
	{ "fileexists",      "s",    LOOKS, path_fileexists },
	{ "flatten",         "l",    MOVES, list_flatten },
	{ "floor",           "n",    LOOKS, number_floor },
	{ "format",          "sa*",  MOVES, format_one },
	{ "formatlist",      "sa*",  MOVES, format_list },
	{ "hasindex",        "ca",   LOOKS, list_hasindex },
	{ "indent",          "ns",   LOOKS, text_indent },
	{ "index",           "ca",   LOOKS, list_index },
	{ "int",             "n",    LOOKS, number_int },
	{ "join",            "sl*",  MOVES, text_join },
	{ "jsondecode",      "s",    LOOKS, code_jsondecode },
	{ "jsonencode",      "a",    MOVES, code_jsonencode },
	{ "keys",            "o",    MOVES, list_keys },
	{ "length",          "a",    MOVES, list_length },
	{ "lookup",          "os?a", MOVES, list_lookup },
	{ "lower",           "s",    LOOKS, text_lower },
	{ "max",             "nn*",  LOOKS, number_max },
	{ "md5",             "s",    LOOKS, digest_md5 },
	{ "merge",           "o*",   MOVES, list_merge },
	{ "min",             "nn*",  LOOKS, number_min },
	{ "parseint",        "sn",   LOOKS, number_parseint },
	{ "pathexpand",      "s",    LOOKS, path_pathexpand },
	{ "pow",             "nn",   LOOKS, number_pow },
	{ "range",           "n?nn", LOOKS, list_range },
	{ "replace",         "sss",  LOOKS, text_replace },
	{ "reverse",         "a",    LOOKS, list_reverse },
	{ "setintersection", "ll*",  LOOKS, list_setintersection },
	{ "setproduct",      "ll*",  LOOKS, list_setproduct },
	{ "setsubtract",     "ll",   LOOKS, list_setsubtract },
	{ "setunion",        "ll*",  LOOKS, list_setunion },
	{ "sha1",            "s",    LOOKS, digest_sha1 },
	{ "sha256",          "s",    LOOKS, digest_sha256 },
	{ "sha512",          "s",    LOOKS, digest_sha512 },
	{ "signum",          "n",    LOOKS, number_signum },
	{ "slice",           "lnn",  MOVES, list_slice },
	{ "sort",            "l",    LOOKS, list_sort },
	{ "split",           "ss",   LOOKS, text_split },
	{ "strlen",          "s",    LOOKS, text_strlen },
	{ "strrev",          "s",    LOOKS, text_strrev },
	{ "substr",          "snn",  LOOKS, text_substr },
	{ "title",           "s",    LOOKS, text_title },
	{ "trim",            "ss",   LOOKS, text_trim },
	{ "trimprefix",      "ss",   LOOKS, text_trimprefix },
	{ "trimspace",       "s",    LOOKS, text_trimspace },
	{ "trimsuffix",      "ss",   LOOKS, text_trimsuffix },
	{ "upper",           "s",    LOOKS, text_upper },
	{ "urlencode",       "s",    LOOKS, code_urlencode },
	{ "uuidv4",          "",     LOOKS, code_uuidv4 },
	{ "values",          "o",    MOVES, list_values },
	{ "zipmap",          "ll",   MOVES, list_zipmap },
};
/* clang-format on */

void function_fail(const struct call *c, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	const char *why = vfmt(format, ap);
	va_end(ap);
	hcl_fail(c->e->at, "Error in function call; %s(): %s", c->e->name, why);
}

struct value *function_string(const struct call *c, struct text t)
{
	grow(&t, "", 0, c->e->at);
	return value_string(c->e->at, t.at);
}

size_t function_index(const struct call *c, const struct value *v, size_t most)
{
	if (!(v->number >= 0) || v->number > (long double) most || strchr(v->string, '.'))
		function_fail(c, "%s must be a whole number from 0 to %zu", v->string, most);
	return (size_t) v->number;
}

static const struct row *find(const struct call *c)
{
	struct list names = { 0 };
	for (size_t i = 0; i < LENGTH(functions); i++) {
		if (same(functions[i].name, c->e->name))
			return &functions[i];
		list_add(&names, functions[i].name);
	}
	const char *like = nearest((const char *const *) names.at, c->e->name);
	hcl_fail(c->e->at,
		 "Call to unknown function; there is no function named \"%s\"%s: write the result itself, or use one "
		 "of %s",
		 c->e->name, like ? fmt(", did you mean \"%s\"?", like) : "",
		 join((const char *const *) names.at, " "));
}

/* The letter for an argument; 0: it is one too many. */
static char type_of(const char *takes, size_t nth)
{
	char last = 0;
	for (; *takes; takes++) {
		if (*takes == '*')
			return last;
		if (*takes == '?')
			continue;
		last = *takes;
		if (!nth--)
			return last;
	}
	return 0;
}

/* How many must be there at least. */
static size_t needed(const char *takes)
{
	size_t n = strcspn(takes, "?*");
	return takes[n] == '*' ? n - 1 : n;
}

static bool argument_waits(const struct row *row, char type, const struct value *v)
{
	if (v->run)
		return !row->moves || strchr("nloc", type);
	return !row->moves && value_waits(v);
}

static bool function_waits(const struct call *c)
{
	const struct row *row = find(c);
	for (size_t i = 0; i < c->count; i++)
		if (argument_waits(row, type_of(row->takes, i), c->args[i]))
			return true;
	return false;
}

/* As the row wants it; NULL: it is something else. */
static struct value *fit(struct value *v, char type)
{
	switch (type) {
	case 's': return value_text(v) ? v->kind == V_STRING ? v : value_string(v->at, value_text(v)) : NULL;
	case 'n': return value_to_number(v, &v) ? v : NULL;
	case 'l': return v->kind == V_LIST ? v : NULL;
	case 'o': return v->kind == V_OBJECT ? v : NULL;
	case 'c': return v->kind == V_LIST || v->kind == V_OBJECT ? v : NULL;
	default: return v;
	}
}

static const char *type_word(char type)
{
	return type == 's'   ? "a string"
	       : type == 'n' ? "a number"
	       : type == 'l' ? "a list"
	       : type == 'o' ? "an object"
			     : "a list or an object";
}

static struct value *function_call(struct call *c)
{
	const struct row *row = find(c);
	size_t least = needed(row->takes);

	if (c->count < least || (c->count && !type_of(row->takes, c->count - 1)))
		function_fail(c, "%zu arguments are %s: it takes %s%zu", c->count,
			      c->count < least ? "not enough" : "too many",
			      strpbrk(row->takes, "?*") ? "at least " : "", least);
	for (size_t i = 0; c->args && c->args[i]; i++) {
		char type = type_of(row->takes, i);
		struct value *v = fit(c->args[i], type);
		if (!v)
			hcl_fail(c->args[i]->at,
				 "Invalid function argument; argument %zu of %s() must be %s, this is %s", i + 1,
				 c->e->name, type_word(type), value_kind(c->args[i]));
		c->args[i] = v;
	}
	return row->run(c);
}

const struct functions function_calls = { function_waits, function_call };
