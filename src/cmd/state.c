#include "base/fail.h"
#include "box/container.h"
#include "cli/globals.h"
#include "cmd/commands.h"

static int run(const void *options, char **arguments)
{
	(void) options;
	struct container *c = container_open(globals()->root, *arguments);
	if (!c->saved && try_container_lock(c))
		fail("container \"%s\": its making was interrupted; `bivy delete --force %s` clears up", c->id, c->id);
	json_print(container_state(c), &oci_state_type);
	return 0;
}

const struct command command_state = {
	.name = "state",
	.arguments = "ID",
	.summary = "Print the state of a container as JSON",
	.group = "Containers",
	.run = run,
	.least = 1,
	.most = 1,
	.options_anywhere = true,
};
