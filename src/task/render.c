#include "task/render.h"

#include "base/mem.h"
#include "base/text.h"
#include "task/value.h"

#include <ctype.h>
#include <string.h>

struct rendering {
	const char *left, *right; /* the delimiters */
	struct pair *const *env;
	struct position at;
	const char *begin; /* of the text */
	struct text *to;
};

static struct position place(const struct rendering *r, const char *s)
{
	struct position at = r->at;
	at.column = 1;
	for (const char *c = r->begin; c < s; c++)
		if (*c == '\n')
			at.line++;
	return at;
}

static _Noreturn void refuse(const struct rendering *r, const char *action)
{
	const char *end = strstr(action, r->right);
	hcl_fail(place(r, action),
		 "template: %s is nothing that bivy knows; it has env \"NAME\", \"text\" and comments: write the value "
		 "itself, or use ${...} of HCL",
		 clip(action, end ? (size_t) (end - action) + strlen(r->right) : strcspn(action, "\n")));
}

static const char *value_of(struct pair *const *env, const char *name)
{
	EACH(e, env)
		if (same((*e)->key, name))
			return (*e)->value;
	return "";
}

static const char *skip_blanks(const char *s) { return s + strspn(s, " \t\r\n"); }

/* "text" or `text`; NULL: it is neither.  *end: what follows. */
static const char *quoted(const char *s, const char **end)
{
	struct text t = { 0 };
	char quote = *s;

	if (quote != '"' && quote != '`')
		return NULL;
	for (s++; *s && *s != quote; s++) {
		if (quote == '"' && *s == '\\' && strchr("\"\\", s[1]) && s[1])
			s++;
		else if (quote == '"' && *s == '\\' && strchr("nt", s[1]) && s[1]) {
			text_put(&t, *++s == 'n' ? "\n" : "\t");
			continue;
		}
		text_add(&t, s, 1);
	}
	*end = s + 1;
	return *s ? t.at ? t.at : "" : NULL;
}

/* What stands between the delimiters; returns what follows it. */
static const char *act(const struct rendering *r, const char *action, const char *s)
{
	const char *end, *word;

	if (starts_with(s, "/*")) {
		end = strstr(s + 2, "*/");
		return end ? end + 2 : NULL;
	}
	if ((word = quoted(s, &end))) {
		text_put(r->to, word);
		return end;
	}
	if (!starts_with(s, "env") || isalnum((unsigned char) s[3]))
		refuse(r, action);
	word = quoted(skip_blanks(s + 3), &end);
	if (!word)
		refuse(r, action);
	text_put(r->to, value_of(r->env, word));
	return end;
}

static void trim_end(struct text *t)
{
	while (t->length && isspace((unsigned char) t->at[t->length - 1]))
		t->at[--t->length] = 0;
}

/* From its left delimiter on; returns what follows its right one. */
static const char *action(const struct rendering *r, const char *start)
{
	const char *s = start + strlen(r->left);
	bool trims = s[0] == '-' && isspace((unsigned char) s[1]);

	if (trims)
		trim_end(r->to);
	s = act(r, start, skip_blanks(s + trims));
	s = s ? skip_blanks(s) : "";
	trims = *s == '-' && starts_with(s + 1, r->right);
	if (!starts_with(s + trims, r->right))
		refuse(r, start);
	s += trims + strlen(r->right);
	return trims ? skip_blanks(s) : s;
}

static const char *or_else(const char *said, const char *otherwise) { return said && *said ? said : otherwise; }

const char *render(const struct template *t, const char *words, struct pair *const *env, struct position at)
{
	struct text to = { 0 };
	const struct rendering r = {
		or_else(t->left_delimiter, "{{"), or_else(t->right_delimiter, "}}"), env, at, words, &to
	};

	text_put(&to, "");
	for (const char *next; (next = strstr(words, r.left)); words = action(&r, next))
		text_add(&to, words, (size_t) (next - words));
	text_put(&to, words);
	return to.at;
}

/* ---- KEY=VALUE ---- */

static const char *value_of_line(const char *name, const char *s, struct position at)
{
	const char *end, *mark;

	if (*s == '\'') {
		mark = strchr(s + 1, '\'');
		if (!mark)
			hcl_fail(at, "template: %s: the quote has no end", clip(name, strlen(name)));
		return text_n(s + 1, (size_t) (mark - s - 1));
	}
	if (*s == '"') {
		mark = quoted(s, &end);
		if (!mark)
			hcl_fail(at, "template: %s: the quote has no end", clip(name, strlen(name)));
		return mark;
	}
	mark = strstr(s, " #");
	return trim(mark ? text_n(s, (size_t) (mark - s)) : s);
}

struct pair **render_variables(struct pair **env, const char *words, struct position at)
{
	unsigned first = at.line;

	/* What stands in a line may be a secret, which no message shows. */
	EACH(line, split(words, '\n')) {
		const char *s = trim(*line);
		if (starts_with(s, "export "))
			s = skip_blanks(s + 7);
		const char *equals = strchr(s, '=');
		if (*s && *s != '#' && (!equals || equals == s))
			hcl_fail(at,
				 "template with env = true: line %u of its text is no KEY=VALUE; write it so, or begin "
				 "it "
				 "with #",
				 at.line - first + 1);
		if (*s && *s != '#') {
			const char *name = trim(text_n(s, (size_t) (equals - s)));
			env = names_set(env, name, value_of_line(name, skip_blanks(equals + 1), at));
		}
		at.line++;
	}
	return env;
}
