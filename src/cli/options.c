#include "cli/options.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>

struct reading {
	const struct command *command, *outer;
	char **next;
	char *to;
	char **arguments;
	bool help;
};

const struct option_row *option_named(const struct command *c, const char *name)
{
	for (const struct option_row *o = c->options; o && o->name; o++)
		if (!strcmp(o->name, name))
			return o;
	return NULL;
}

const struct option_row *option_lettered(const struct command *c, char letter)
{
	for (const struct option_row *o = c->options; o && o->name; o++)
		if (o->letter == letter)
			return o;
	return NULL;
}

const struct command *command_named(const struct command *const *commands, const char *name)
{
	EACH(c, commands)
		if (!strcmp((*c)->name, name))
			return *c;
	return NULL;
}

static _Noreturn void misuse(const struct reading *r, const char *what)
{
	const struct command *c = r->command;

	if (!r->outer)
		fail_as(MISUSE, "%s; see \"%s --help\"", what, c->name);
	fail_as(MISUSE, "%s: %s; it is \"%s %s [OPTION...]%s%s\", see \"%s %s --help\"", c->name, what, r->outer->name,
		c->name, *c->arguments ? " " : "", c->arguments, r->outer->name, c->name);
}

static _Noreturn void unknown_name(const struct reading *r, const char *name)
{
	const char **names = append(NULL, "help");
	for (const struct option_row *o = r->command->options; o && o->name; o++)
		names = append(names, o->name);
	const char *meant = nearest(names, name);

	if (r->outer && option_named(r->outer, name))
		misuse(r, fmt("--%s stands before the command: %s --%s ... %s", name, r->outer->name, name,
			      r->command->name));
	misuse(r, meant ? fmt("there is no option --%s (is --%s meant?)", name, meant)
			: fmt("there is no option --%s", name));
}

/* The words of strconv.ParseBool in lower case: what runc's callers may write after --flag= */
static bool truth(const struct reading *r, const struct option_row *o, const char *value)
{
	static const char *const yes[] = { "true", "1", "t", NULL }, *const no[] = { "false", "0", "f", NULL };

	if (!contains_word(yes, value) && !contains_word(no, value))
		misuse(r, fmt("--%s=%s: the value is true or false", o->name, value));
	return contains_word(yes, value);
}

static const char *one_of(const struct reading *r, const struct option_row *o, const char *value)
{
	const char **words = split(o->arg, '|');

	if (!contains_word(words, value))
		misuse(r, fmt("--%s: \"%s\" is none of %s", o->name, value, join(words, ", ")));
	return value;
}

static int64_t counted(const struct reading *r, const struct option_row *o, const char *value)
{
	int64_t n;

	if (!number(value, 0, INT64_MAX, &n))
		misuse(r, fmt("--%s: \"%s\" is not a number from 0 on", o->name, value));
	return n;
}

/* value: NULL for a flag that stands alone. */
static void store(const struct reading *r, const struct option_row *o, const char *value)
{
	void *to = r->to + o->at;

	switch (o->takes) {
	case NOTHING: *(bool *) to = value ? truth(r, o, value) : true; break;
	case TEXT: *(const char **) to = value; break;
	case CHOICE: *(const char **) to = one_of(r, o, value); break;
	case NUMBER: *(int64_t *) to = counted(r, o, value); break;
	case TEXTS: *(const char ***) to = append(*(const char ***) to, value); break;
	}
}

/* inside: the value where it stood in the option's own word. */
static void take(struct reading *r, const struct option_row *o, const char *inside)
{
	if (o->takes != NOTHING && !inside && !(inside = *r->next++))
		misuse(r, fmt("--%s needs %s", o->name, o->takes == CHOICE ? fmt("one of %s", o->arg) : o->arg));
	store(r, o, inside);
}

static void long_option(struct reading *r, const char *word)
{
	const char *equals = strchr(word, '=');
	const char *name = equals ? text_n(word, (size_t) (equals - word)) : word;
	const struct option_row *o = option_named(r->command, name);

	if (!o && same(word, "help"))
		r->help = true;
	else if (!o)
		unknown_name(r, name);
	else
		take(r, o, equals ? equals + 1 : NULL);
}

/* -d, -dt, -bDIR, -b DIR, and -b=DIR, which runc's callers write */
static void letters(struct reading *r, const char *word)
{
	for (const char *at = word; *at && !r->help; at++) {
		const struct option_row *o = option_lettered(r->command, *at);
		if (!o && *at == 'h') {
			r->help = true;
			return;
		}
		if (!o)
			misuse(r, fmt("there is no option -%c (in \"-%s\")", *at, word));
		if (at[1] == '=')
			return take(r, o, at + 2);
		if (o->takes != NOTHING)
			return take(r, o, at[1] ? at + 1 : NULL);
		store(r, o, NULL);
	}
}

static void read_words(struct reading *r)
{
	while (*r->next && !r->help) {
		char *word = *r->next;
		bool is_option = word[0] == '-' && word[1];

		if (!is_option && !r->command->options_anywhere)
			return;
		r->next++;
		if (!strcmp(word, "--"))
			return;
		if (!is_option)
			r->arguments = append(r->arguments, word);
		else if (word[1] == '-')
			long_option(r, word + 2);
		else
			letters(r, word + 1);
	}
}

static void check_count(const struct reading *r)
{
	const struct command *c = r->command;
	size_t n = count(r->arguments);

	if (n < (size_t) c->least)
		misuse(r, fmt("%s is missing", split(c->arguments, ' ')[n]));
	if (c->most >= 0 && n > (size_t) c->most)
		misuse(r, fmt("\"%s\" is one argument too many", r->arguments[c->most]));
}

void *options_read(const struct command *c, const struct command *outer, char ***words)
{
	struct reading r = { .command = c, .outer = outer, .next = *words, .to = mem(c->size + 1) };

	r.arguments = mem(sizeof *r.arguments);
	read_words(&r);
	if (r.help)
		return NULL;
	EACH(word, r.next)
		r.arguments = append(r.arguments, *word);
	check_count(&r);
	*words = r.arguments;
	return r.to;
}
