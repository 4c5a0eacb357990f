#include "task/bundle.h"

#include "base/mem.h"
#include "cmd/commands.h"

#include <stdio.h>

struct options {
	const char *client, *task, **vars, **var_files, *alloc_id, *payload, **meta, *netns;
	bool artifacts_present, force;
};

static int run(const void *options, char **arguments)
{
	const struct options *o = options;
	const struct bundle_options asked = {
		.job = arguments[0],
		.dir = arguments[1],
		.client = o->client,
		.task = o->task,
		.vars = o->vars,
		.var_files = o->var_files,
		.alloc_id = o->alloc_id,
		.payload = o->payload,
		.meta = o->meta,
		.netns = o->netns,
		.force = o->force,
		.artifacts_present = o->artifacts_present,
	};
	EACH(b, bundles_write(&asked))
		puts((*b)->dir);
	return 0;
}

/* clang-format off */
static const struct option_row rows[] = {
	{ "client",            0, VALUE(options, client, "FILE"),        "Take the host's side from FILE, a Nomad agent's configuration" },
	{ "task",              0, VALUE(options, task, "[GROUP/]TASK"),  "Only this task; without it every one, each in DIR/GROUP/TASK" },
	{ "var",               0, VALUES(options, vars, "NAME=VALUE"),   "Set a variable of the job file" },
	{ "var-file",          0, VALUES(options, var_files, "FILE"),    "Set variables of the job file from a file of NAME = VALUE" },
	{ "payload",           0, VALUE(options, payload, "FILE"),       "Dispatch a parameterized job with this payload" },
	{ "meta",              0, VALUES(options, meta, "KEY=VALUE"),    "Dispatch a parameterized job with this meta" },
	{ "network-namespace", 0, VALUE(options, netns, "PATH"),         "What a group's network mode bridge or cni/NAME joins" },
	{ "alloc-id",          0, VALUE(options, alloc_id, "ID"),        "What NOMAD_ALLOC_ID is to be; a random UUID otherwise" },
	{ "artifacts-present", 0, FLAG(options, artifacts_present),      "The artifacts have been put into DIR/task already" },
	{ "force",           'f', FLAG(options, force),                  "Replace a config.json that is there already" },
	{ 0 },
};
/* clang-format on */

const struct command command_bundle = {
	.name = "bundle",
	.arguments = "JOB DIR",
	.summary = "Make a bundle directory from a job file",
	.group = "Tasks",
	.size = sizeof(struct options),
	.options = rows,
	.run = run,
	.least = 2,
	.most = 2,
	.options_anywhere = true,
};
