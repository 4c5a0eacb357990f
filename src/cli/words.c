#include "cli/words.h"

#include "base/mem.h"
#include "base/text.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

struct typed {
	const struct command *outer, *command;
	const struct command *const *commands;
	const char **(*ids)(void);
	const struct option_row *needs; /* the option before the cursor that waits for its value */
	size_t arguments;
	bool options_ended;
};

static void offer(const char *word, const char *what) { printf("%s\t%s\n", word, what ? what : ""); }

static void offer_commands(const struct typed *t)
{
	EACH(c, t->commands)
		if ((*c)->summary)
			offer((*c)->name, (*c)->summary);
}

static void offer_options(const struct typed *t)
{
	for (const struct option_row *o = t->command->options; o && o->name; o++)
		if (o->help)
			offer(fmt("--%s", o->name), o->help);
	offer("--help", "Show the options");
}

static void offer_ids(const struct typed *t)
{
	EACH(id, t->ids())
		offer(*id, "container");
}

static void offer_signals(const struct typed *t)
{
	(void) t;
	for (int n = 1; n < SIGSYS + 1; n++)
		offer(sigabbrev_np(n), strsignal(n));
}

static void offer_files(const struct typed *t) { (void) t, puts(":file"); }
static void offer_dirs(const struct typed *t) { (void) t, puts(":dir"); }

/* The capitals of usage texts, and who knows what they stand for. */
static const struct {
	const char *arg;
	void (*offer)(const struct typed *);
} kinds[] = {
	{ "COMMAND", offer_commands }, { "ID", offer_ids },     { "SIGNAL", offer_signals }, { "DIR", offer_dirs },
	{ "BUNDLE", offer_dirs },      { "FILE", offer_files }, { "JOB", offer_files },      { "SOCKET", offer_files },
	{ "RUN", offer_ids },          { NULL, NULL },
};

static void offer_values(const struct typed *t, const char *arg)
{
	if (strchr(arg, '|'))
		EACH(word, split(arg, '|'))
			offer(*word, NULL);
	for (size_t i = 0; kinds[i].arg; i++)
		if (starts_with(arg, kinds[i].arg))
			kinds[i].offer(t);
}

/* The n-th word of the usage text, without its brackets; "ID..." stands for all that come. */
static void offer_argument(const struct typed *t, size_t n)
{
	EACH(arg, split(t->command->arguments, ' '))
		if (!n-- || strstr(*arg, "..."))
			return offer_values(t, **arg == '[' ? *arg + 1 : *arg);
}

static const struct option_row *waits_for_value(const struct command *c, const char *word)
{
	bool is_long = word[1] == '-';
	const struct option_row *o = is_long ? option_named(c, word + 2) : option_lettered(c, word[strlen(word) - 1]);
	return o && o->takes != NOTHING ? o : NULL;
}

static void pass(struct typed *t, const char *word)
{
	if (t->needs)
		t->needs = NULL;
	else if (!t->options_ended && !strcmp(word, "--"))
		t->options_ended = true;
	else if (!t->options_ended && word[0] == '-' && word[1])
		t->needs = waits_for_value(t->command, word);
	else if (t->command == t->outer)
		t->command = command_named(t->commands, word);
	else {
		t->arguments++;
		t->options_ended |= !t->command->options_anywhere;
	}
}

void words_show(const struct command *outer, const struct command *const *commands, const char **(*ids)(void),
		char **words)
{
	struct typed t = { .outer = outer, .command = outer, .commands = commands, .ids = ids };

	if (!*words)
		return offer_commands(&t);
	for (; words[1]; words++) {
		pass(&t, *words);
		if (!t.command)
			return;
	}
	if (t.needs)
		offer_values(&t, t.needs->arg);
	else if (**words == '-' && !t.options_ended)
		offer_options(&t);
	else if (t.command == outer)
		offer_commands(&t);
	else
		offer_argument(&t, t.arguments);
}
