#include "base/fail.h"
#include "box/life.h"
#include "cli/globals.h"
#include "cmd/commands.h"
#include "oci/names.h"

#include <signal.h>

struct kill {
	bool all;
};

static int run(const void *options, char **arguments)
{
	const struct kill *o = options;
	int signal = arguments[1] ? signal_number(arguments[1]) : SIGTERM;
	if (signal < 0)
		fail_as(MISUSE, "unknown signal \"%s\"; `kill -l` lists them", arguments[1]);
	container_kill(container_open(globals()->root, *arguments), signal, o->all);
	return 0;
}

static const struct option_row options[] = {
	{ "all", 'a', FLAG(kill, all), "Send it to all processes of the container" },
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
