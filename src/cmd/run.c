#include "base/fail.h"
#include "base/fd.h"
#include "box/life.h"
#include "box/ready.h"
#include "cli/globals.h"
#include "cmd/commands.h"
#include "cmd/foreground.h"
#include "cmd/making.h"

struct run {
	MAKING_MEMBERS;
	bool detach, keep, no_subreaper;
};

static int run(const void *options, char **arguments)
{
	const struct run *o = options;
	struct making making = { .bundle = o->bundle,
				 .console_socket = o->console_socket,
				 .pid_file = o->pid_file,
				 .pidfd_socket = o->pidfd_socket,
				 .shim = o->shim,
				 .logs = o->logs,
				 .logs_format = o->logs_format,
				 .logs_size = o->logs_size,
				 .logs_files = o->logs_files,
				 .no_pivot = o->no_pivot,
				 .no_new_keyring = o->no_new_keyring,
				 .init = o->init,
				 .preserve_fds = o->preserve_fds };
	bool keep_terminal = !o->detach && !o->console_socket;
	struct box *b = making_box(&making, *arguments, keep_terminal);
	if (!o->detach && !o->no_subreaper)
		foreground_begin();
	autoclose int console = container_create(b);
	struct container *c = container_open(globals()->root, *arguments);

	undo(foreground_remove, c);
	autoclose int ready = console < 0 ? ready_listen(c) : -1;
	container_start(c);
	undo_forget();
	if (ready >= 0)
		ready_wait(ready, c);
	if (o->detach)
		return 0;
	autoclose int pidfd = try_container_pidfd(c);
	foreground_follow(pidfd, console); /* -1: it has ended, but its last words may be in the terminal */
	int code = foreground_code(c);
	if (!o->keep)
		container_delete(c, true);
	return code;
}

static const struct option_row options[] = {
	MAKING_ROWS(run),
	{ "detach", 'd', FLAG(run, detach), "Return when the program runs" },
	{ "keep", 0, FLAG(run, keep), "Leave the container's state in place when it ends" },
	{ "no-subreaper", 0, FLAG(run, no_subreaper), NULL },
	{ 0 },
};

const struct command command_run = {
	.name = "run",
	.arguments = "ID",
	.summary = "Create, start, wait and delete in one",
	.group = "Containers",
	.size = sizeof(struct run),
	.options = options,
	.run = run,
	.least = 1,
	.most = 1,
	.exits_by_kind = true,
	.options_anywhere = true,
};
