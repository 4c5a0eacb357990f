#include "base/duration.h"
#include "base/fail.h"
#include "base/mem.h"
#include "box/waiting.h"
#include "cli/globals.h"
#include "cmd/commands.h"

#include <stdio.h>
#include <string.h>

struct wait {
	bool any;
	const char *timeout;
};

static int code_of(const struct waiting *w)
{
	if (!w->record)
		fail("container \"%s\" has ended, and its exit code is unknown: nobody of bivy's was its parent",
		     w->container->id);
	if (w->record->unknown)
		warn("container \"%s\" has ended, and its exit code is unknown: its shims were killed",
		     w->container->id);
	return w->record->code;
}

static int timeout_of(const struct wait *o)
{
	int64_t ms = -1;
	if (o->timeout && !timeout_read(o->timeout, &ms))
		fail_as(MISUSE, "wait: --timeout: \"%s\" is neither seconds nor a duration such as 5s, 1m30s or 250ms",
			o->timeout);
	return (int) ms;
}

/* NULL: all have been told. */
static struct waiting *next(struct waiting *const *all, const struct wait *o)
{
	struct waiting *w = waiting_next(all, timeout_of(o));
	const char *alive = NULL;

	EACH(one, all)
		if (!(*one)->over)
			alive = (*one)->container->id;
	if (!w && alive)
		fail("container \"%s\" has not ended within %s", alive, o->timeout);
	return w;
}

/* One that is named alone gives its code; of several each is told as it ends, and the first that is not 0 is ours. */
static int run(const void *options, char **arguments)
{
	const struct wait *o = options;
	struct waiting **all = NULL, *w;
	int first = 0;

	EACH(id, arguments)
		all = append(all, waiting_begin(container_open(globals()->root, *id)));
	if (!arguments[1] && !o->any)
		return code_of(next(all, o));
	while ((w = next(all, o))) {
		int code = code_of(w);
		printf("%s %d\n", w->container->id, code);
		fflush(stdout);
		if (o->any)
			return code;
		first = first ? first : code;
	}
	return first;
}

static const struct option_row options[] = {
	{ "any", 0, FLAG(wait, any), "Wait for the first of them only, and print which that is" },
	{ "timeout", 't', VALUE(wait, timeout, "DURATION"), "Wait no longer than this, as 5s, for the next one" },
	{ 0 },
};

const struct command command_wait = {
	.name = "wait",
	.arguments = "ID...",
	.summary = "Wait for the end of a container and exit with its code; of several, print ID and code of each",
	.group = "Containers",
	.size = sizeof(struct wait),
	.options = options,
	.run = run,
	.least = 1,
	.most = -1,
	.exits_by_kind = true,
	.options_anywhere = true,
};
