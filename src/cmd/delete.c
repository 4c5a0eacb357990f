#include "base/fail.h"
#include "box/life.h"
#include "box/roster.h"
#include "cli/globals.h"
#include "cmd/commands.h"

struct delete { bool force; };

/* What an interrupted `up` has left, unless that is a whole run's. */
static void remove_bundle(const char *root, const char *id)
{
	if (try_roster_open(root, id))
		fail("\"%s\" is a run of several containers; end it with `bivy down %s`", id, id);
	own_bundle_remove(root, id);
}

static int run(const void *options, char **arguments)
{
	const struct delete *o = options;
	/* As runc has it, and as engines rely on: what is not there need not be forced away. */
	struct container *c = o->force ? try_container_open(globals()->root, *arguments)
				       : container_open(globals()->root, *arguments);
	if (c)
		container_delete(c, o->force);
	else
		remove_bundle(globals()->root, *arguments);
	return 0;
}

static const struct option_row options[] = {
	{ "force", 'f', FLAG(delete, force),
	  "Kill it first if it runs; clear up what an interrupted command left; no error if there is none" },
	{ 0 },
};

const struct command command_delete = {
	.name = "delete",
	.arguments = "ID",
	.summary = "Remove every trace of a container that has stopped or never started",
	.group = "Containers",
	.size = sizeof(struct delete),
	.options = options,
	.run = run,
	.least = 1,
	.most = 1,
	.options_anywhere = true,
};
