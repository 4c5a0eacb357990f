#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/container.h"
#include "cli/globals.h"
#include "cmd/commands.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct list {
	const char *format, *job;
	bool quiet;
};

/* Of a container that was made from a job file (task/draft.c); "-" for others. */
static const char *annotation(const struct oci_state *s, const char *key)
{
	EACH(a, s->annotations)
		if (same((*a)->key, key))
			return (*a)->value;
	return "-";
}

/* By the job's name, or by that of one run of it, whose containers are called RUN.TASK. */
static bool is_wanted(const struct list *o, const struct oci_state *s)
{
	return !o->job || same(annotation(s, "org.bivy.job"), o->job) || starts_with(s->id, fmt("%s.", o->job));
}

/* One that is deleted while we look is simply not there. */
static struct oci_state **wanted_states(const struct list *o)
{
	struct oci_state **states = NULL;
	EACH(id, container_ids(globals()->root)) {
		struct container *c = try_container_open(globals()->root, *id);
		if (!c)
			continue;
		struct oci_state *s = container_state(c);
		if (is_wanted(o, s))
			states = append(states, s);
		close(c->dir);
	}
	return states;
}

static int wider(int width, const char *text)
{
	int length = (int) strlen(text);
	return length > width ? length : width;
}

static const char *exit_of(const struct oci_state *s)
{
	return !s->exit ? "-" : s->exit->oom ? "oom" : fmt("%d", s->exit->code);
}

/* What came later stands last: scripts know the first columns. */
static void print_table(struct oci_state *const *states)
{
	int id = 2, bundle = 6, job = 3, task = 4;

	EACH(s, states) {
		id = wider(id, (*s)->id);
		bundle = wider(bundle, (*s)->bundle);
		job = wider(job, annotation(*s, "org.bivy.job"));
		task = wider(task, annotation(*s, "org.bivy.task"));
	}
	printf("%-*s  %-8s %-9s %-30s  %-5s %-*s  %-*s  %-*s  %s\n", id, "ID", "PID", "STATUS", "CREATED", "OWNER",
	       bundle, "BUNDLE", job, "JOB", task, "TASK", "EXIT");
	EACH(s, states)
		printf("%-*s  %-8d %-9s %-30s  %-5s %-*s  %-*s  %-*s  %s\n", id, (*s)->id, (*s)->pid,
		       value_word(status_names, (*s)->status), (*s)->created ? (*s)->created : "-",
		       (*s)->owner ? (*s)->owner : "-", bundle, (*s)->bundle, job, annotation(*s, "org.bivy.job"), task,
		       annotation(*s, "org.bivy.task"), exit_of(*s));
}

static int run(const void *options, char **arguments)
{
	const struct list *o = options;
	struct oci_state **states = wanted_states(o);
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
	{ "job", 'j', VALUE(list, job, "JOB"), "Only those of this job, or of this run of it" },
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
