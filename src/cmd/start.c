#include "box/life.h"
#include "cli/globals.h"
#include "cmd/commands.h"

static int run(const void *options, char **arguments)
{
	(void) options;
	container_start(container_open(globals()->root, *arguments));
	return 0;
}

const struct command command_start = {
	.name = "start",
	.arguments = "ID",
	.summary = "Let the program of a created container run",
	.group = "Containers",
	.run = run,
	.least = 1,
	.most = 1,
	.options_anywhere = true,
};
