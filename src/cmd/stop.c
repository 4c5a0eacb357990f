#include "base/duration.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/life.h"
#include "cli/globals.h"
#include "cmd/commands.h"
#include "oci/names.h"

struct stop {
	const char *signal, *timeout;
};

static int64_t timeout_of(const struct stop *o, const struct container *c)
{
	int64_t ms;
	if (!o->timeout)
		return container_stop_timeout(c);
	if (!timeout_read(o->timeout, &ms))
		fail_as(MISUSE, "stop: --timeout: \"%s\" is neither seconds nor a duration such as 5s, 1m30s or 250ms",
			o->timeout);
	return ms;
}

static struct stopping *begin(const struct stop *o, const char *id)
{
	struct container *c = container_open(globals()->root, id);
	int signal = o->signal ? signal_number(o->signal) : container_stop_signal(c);

	if (signal < 1)
		fail_as(MISUSE, "stop: --signal: \"%s\" is no signal", o->signal);
	return stopping_begin(c, signal, timeout_of(o, c));
}

static int run(const void *options, char **arguments)
{
	struct stopping **all = NULL;

	EACH(id, arguments)
		all = append(all, begin(options, *id));
	EACH(s, all)
		stopping_end(*s);
	return 0;
}

static const struct option_row options[] = {
	{ "signal", 's', VALUE(stop, signal, "SIGNAL"),
	  "Send this first; without it what its annotation org.bivy.killSignal says, or SIGTERM" },
	{ "timeout", 't', VALUE(stop, timeout, "DURATION"),
	  "Kill what is left after this, as 5s; without it what org.bivy.killTimeout says, or 10s" },
	{ 0 },
};

const struct command command_stop = {
	.name = "stop",
	.arguments = "ID...",
	.summary = "End containers: a signal first, after a while the end of all they have started",
	.group = "Containers",
	.size = sizeof(struct stop),
	.options = options,
	.run = run,
	.least = 1,
	.most = -1,
	.options_anywhere = true,
};
