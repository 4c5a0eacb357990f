#include "box/life.h"
#include "cmd/commands.h"
#include "cmd/making.h"

struct create {
	MAKING_MEMBERS;
};

static int run(const void *options, char **arguments)
{
	container_create(making_box(options, *arguments, false));
	return 0;
}

static const struct option_row options[] = { MAKING_ROWS(create), { 0 } };

const struct command command_create = {
	.name = "create",
	.arguments = "ID",
	.summary = "Make a container, ready to start",
	.group = "Containers",
	.size = sizeof(struct create),
	.options = options,
	.run = run,
	.least = 1,
	.most = 1,
	.options_anywhere = true,
};
