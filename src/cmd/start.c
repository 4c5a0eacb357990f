#include "base/fd.h"
#include "box/life.h"
#include "box/ready.h"
#include "cli/globals.h"
#include "cmd/commands.h"

static int run(const void *options, char **arguments)
{
	(void) options;
	struct container *c = container_open(globals()->root, *arguments);
	autoclose int ready = ready_listen(c);
	container_start(c);
	if (ready >= 0)
		ready_wait(ready, c);
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
