#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/container.h"
#include "cli/globals.h"
#include "cmd/commands.h"

#include <stdio.h>
#include <unistd.h>

struct list {
	const char *format;
	bool quiet;
};

/* One that is deleted while we look is simply not there. */
static struct oci_state **all_states(void)
{
	struct oci_state **states = NULL;
	EACH(id, container_ids(globals()->root)) {
		struct container *c = try_container_open(globals()->root, *id);
		if (!c)
			continue;
		states = append(states, container_state(c));
		close(c->dir);
	}
	return states;
}

static void print_table(struct oci_state *const *states)
{
	size_t widest = 2;
	EACH(s, states)
		widest = __builtin_strlen((*s)->id) > widest ? __builtin_strlen((*s)->id) : widest;
	printf("%-*s  %-8s %-9s %-30s  %-5s %s\n", (int) widest, "ID", "PID", "STATUS", "CREATED", "OWNER", "BUNDLE");
	EACH(s, states)
		printf("%-*s  %-8d %-9s %-30s  %-5s %s\n", (int) widest, (*s)->id, (*s)->pid,
		       value_word(status_names, (*s)->status), (*s)->created ? (*s)->created : "-",
		       (*s)->owner ? (*s)->owner : "-", (*s)->bundle);
}

static int run(const void *options, char **arguments)
{
	const struct list *o = options;
	struct oci_state **states = all_states();
	(void) arguments;

	if (o->quiet)
		EACH(s, states)
			puts((*s)->id);
	else if (same(o->format, "json"))
		fputs(json_list_text((const void *const *) states, &oci_state_type), stdout);
	else
		print_table(states);
	return 0;
}

static const struct option_row options[] = {
	{ "format", 'f', ONE_OF(list, format, "table|json"), "Print a table, or the state documents as a JSON list" },
	{ "quiet", 'q', FLAG(list, quiet), "Print the IDs only" },
	{ 0 },
};

const struct command command_list = {
	.name = "list",
	.arguments = "",
	.summary = "List the containers",
	.group = "Containers",
	.size = sizeof(struct list),
	.options = options,
	.run = run,
	.options_anywhere = true,
};
