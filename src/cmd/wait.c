#include "cli/globals.h"
#include "cmd/commands.h"
#include "cmd/foreground.h"

static int run(const void *options, char **arguments)
{
	(void) options;
	return foreground_code(container_open(globals()->root, *arguments));
}

const struct command command_wait = {
	.name = "wait",
	.arguments = "ID",
	.summary = "Wait for the end of a container and exit with its code",
	.group = "Containers",
	.run = run,
	.least = 1,
	.most = 1,
	.exits_by_kind = true,
	.options_anywhere = true,
};
