#include "base/fail.h"
#include "base/text.h"
#include "box/life.h"
#include "cli/globals.h"
#include "cmd/commands.h"
#include "oci/names.h"

#include <signal.h>

struct kill {
	bool all;
	const char *scope;
};

static enum scope scope_of(const struct kill *o)
{
	if (o->all && o->scope && !same(o->scope, "cgroup"))
		fail_as(MISUSE, "kill: --all and --scope=%s exclude each other", o->scope);
	if (o->all || same(o->scope, "cgroup"))
		return SCOPE_CGROUP;
	return same(o->scope, "pgrp") ? SCOPE_GROUP : SCOPE_INIT;
}

static int run(const void *options, char **arguments)
{
	const struct kill *o = options;
	int signal = arguments[1] ? signal_number(arguments[1]) : SIGTERM;
	if (signal < 0)
		fail_as(MISUSE, "unknown signal \"%s\"; `kill -l` lists them", arguments[1]);
	container_kill(container_open(globals()->root, *arguments), signal, scope_of(o));
	return 0;
}

static const struct option_row options[] = {
	{ "scope", 0, ONE_OF(kill, scope, "init|pgrp|cgroup"),
	  "Send it to the first process, which is usual, to its process group, or to all of the container" },
	{ "all", 'a', FLAG(kill, all), "Send it to all processes of the container, as --scope=cgroup" },
	{ 0 },
};

const struct command command_kill = {
	.name = "kill",
	.arguments = "ID [SIGNAL]",
	.summary = "Send a signal to a container, SIGTERM unless told",
	.group = "Containers",
	.size = sizeof(struct kill),
	.options = options,
	.run = run,
	.least = 1,
	.most = 2,
	.options_anywhere = true,
};
