#include "box/life.h"
#include "cli/globals.h"
#include "cmd/commands.h"

static int run(const void *options, char **arguments)
{
	(void) options;
	container_pause(container_open(globals()->root, *arguments));
	return 0;
}

const struct command command_pause = {
	.name = "pause",
	.arguments = "ID",
	.summary = "Make all processes of a container stand still",
	.group = "Containers",
	.run = run,
	.least = 1,
	.most = 1,
	.options_anywhere = true,
};
