#include "cli/show.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

static const char *spelled(const struct option_row *o)
{
	const char *letter = o->letter ? fmt("-%c, ", o->letter) : "    ";
	return fmt("%s--%s%s%s", letter, o->name, o->arg ? " " : "", o->arg ? o->arg : "");
}

static void option_line(const char *option, const char *help)
{
	const int column = 32;
	bool is_long = strlen(option) > (size_t) column;

	printf("  %-*s%s%*s %s\n", column, option, is_long ? "\n" : "", is_long ? column + 2 : 0, "", help);
}

static void option_lines(const struct option_row *o)
{
	printf("\nOptions:\n");
	for (; o && o->name; o++)
		if (o->help)
			option_line(spelled(o), o->help);
	option_line("-h, --help", "Show this");
}

void show_help(const struct command *c, const struct command *outer)
{
	printf("Usage: %s %s [OPTION...]%s%s\n", outer->name, c->name, *c->arguments ? " " : "", c->arguments);
	if (c->summary)
		printf("\n%s.\n", c->summary);
	option_lines(c->options);
}

static const char **groups_of(const struct command *const *commands)
{
	const char **groups = NULL;

	EACH(c, commands)
		if ((*c)->summary && !contains_word(groups, (*c)->group))
			groups = append(groups, (*c)->group);
	return groups;
}

static bool is_shown(const struct command *c, const char *group) { return c->summary && same(c->group, group); }

void show_commands(const struct command *outer, const struct command *const *commands)
{
	printf("Usage: %s [OPTION...] COMMAND ...\n\n%s.\n", outer->name, outer->summary);
	EACH(group, groups_of(commands)) {
		printf("\n%s:\n", *group);
		EACH(c, commands)
			if (is_shown(*c, *group))
				printf("  %-12s %s\n", (*c)->name, (*c)->summary);
	}
	option_lines(outer->options);
	printf("\n\"%s COMMAND --help\" shows the options of a command.\n", outer->name);
}

/* For man(7): a hyphen that is typed is "\-", and a line must not begin like a request. */
static const char *roff(const char *s)
{
	struct text t = { 0 };

	if (*s == '.' || *s == '\'')
		text_put(&t, "\\&");
	for (; *s; s++) {
		if (*s == '-')
			text_put(&t, "\\");
		text_add(&t, *s == '\\' ? "\\e" : s, *s == '\\' ? 2 : 1);
	}
	return t.at ? t.at : "";
}

static void option_paragraphs(const struct option_row *o)
{
	for (; o && o->name; o++) {
		if (!o->help)
			continue;
		printf(".TP\n\\fB%s%s\\-\\-%s\\fR", o->letter ? fmt("\\-%c", o->letter) : "",
		       o->letter ? "\\fR, \\fB" : "", roff(o->name));
		printf("%s%s%s\n", o->arg ? " \\fI" : "", o->arg ? roff(o->arg) : "", o->arg ? "\\fR" : "");
		printf("%s.\n", roff(o->help));
	}
}

static void command_section(const struct command *c, const struct command *outer)
{
	printf(".SS \"%s %s [OPTION...] %s\"\n%s.\n", outer->name, roff(c->name), roff(c->arguments), roff(c->summary));
	option_paragraphs(c->options);
}

void show_manual(const struct command *outer, const struct command *const *commands)
{
	printf(".SH OPTIONS\nThese stand before the command.\n");
	option_paragraphs(outer->options);
	printf(".SH COMMANDS\n");
	EACH(group, groups_of(commands))
		EACH(c, commands)
			if (is_shown(*c, *group))
				command_section(*c, outer);
}

void show_end(void)
{
	if (fflush(stdout) || ferror(stdout))
		fail_sys("write to standard output");
}
