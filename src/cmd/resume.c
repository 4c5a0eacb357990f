#include "box/life.h"
#include "cli/globals.h"
#include "cmd/commands.h"

static int run(const void *options, char **arguments)
{
	(void) options;
	container_resume(container_open(globals()->root, *arguments));
	return 0;
}

const struct command command_resume = {
	.name = "resume",
	.arguments = "ID",
	.summary = "Let the processes of a paused container go on",
	.group = "Containers",
	.run = run,
	.least = 1,
	.most = 1,
	.options_anywhere = true,
};
