#include "base/mem.h"
#include "cmd/commands.h"
#include "oci/validate.h"
#include "task/bundle.h"
#include "task/document.h"

#include <stdio.h>

struct options {
	const char *client, *task, **vars, **var_files;
};

static int check_config(const char *file, const char *words)
{
	json_on_unknown(config_hear_unknown);
	config_check(config_parse(file, words), file);
	printf("%s: good: a config.json\n", file);
	return 0;
}

static int check_agent(const char *file, const char *words)
{
	agent_file_check(file, words);
	printf("%s: good: an agent file\n", file);
	return 0;
}

static int check_job(const char *file, const char *words, const struct options *o)
{
	const struct bundle_options asked = { .job = file,
					      .words = words,
					      .client = o->client,
					      .task = o->task,
					      .vars = o->vars,
					      .var_files = o->var_files };
	struct bundle **tasks = bundles_check(&asked);

	printf("%s: good: job \"%s\", %zu task%s:", file, tasks[0]->job, count(tasks), tasks[1] ? "s" : "");
	EACH(b, tasks)
		printf("%s %s/%s (%s)", b == tasks ? "" : ",", (*b)->group, (*b)->task, (*b)->driver);
	puts("");
	return 0;
}

static int run(const void *options, char **arguments)
{
	const char *file = *arguments, *words = document_read(file);

	switch (document_kind(file, words)) {
	case CONFIG_JSON: return check_config(file, words);
	case AGENT_FILE: return check_agent(file, words);
	default: return check_job(file, words, options);
	}
}

static const struct option_row rows[] = {
	{ "client", 0, VALUE(options, client, "FILE"), "Check a job against FILE, a Nomad agent's configuration" },
	{ "task", 0, VALUE(options, task, "[GROUP/]TASK"), "Only this task of a job" },
	{ "var", 0, VALUES(options, vars, "NAME=VALUE"), "Set a variable of the job file" },
	{ "var-file", 0, VALUES(options, var_files, "FILE"),
	  "Set variables of the job file from a file of NAME = VALUE" },
	{ 0 },
};

const struct command command_check = {
	.name = "check",
	.arguments = "FILE",
	.summary = "Check a job file, an agent file or a config.json, without root and without writing",
	.group = "Tasks",
	.size = sizeof(struct options),
	.options = rows,
	.run = run,
	.least = 1,
	.most = 1,
	.options_anywhere = true,
};
