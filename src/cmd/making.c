#include "cmd/making.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/container.h"
#include "box/ready.h"
#include "box/walk.h"
#include "cli/globals.h"
#include "cmd/listening.h"
#include "oci/validate.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

struct box *bundle_box(const char *bundle, const char *id, const struct wishes *wishes)
{
	const char *file = fmt("%s/config.json", bundle), *json = try_read_whole(AT_FDCWD, file);

	id_check(id);
	if (!json && errno == ENOENT)
		fail("%s: No such file or directory; `bivy spec` writes one, `bivy bundle` makes one of a job file",
		     file);
	if (!json)
		fail_sys("%s", file);
	json_on_unknown(config_hear_unknown);
	struct config *c = config_parse(file, json);
	json_on_unknown(NULL);
	config_check(c, file);

	struct box *b = box_new(globals()->root, id, wishes);
	b->bundle = bundle;
	b->config = c;
	b->process = c->process;
	return b;
}

struct box *making_box(const struct making *o, const char *id, bool keep_terminal)
{
	struct wishes *w = mem(sizeof *w);
	int listening = listening_fds();
	*w = (struct wishes){
		.console_socket = o->console_socket,
		.pid_file = o->pid_file ? absolute(o->pid_file) : NULL,
		.pidfd_socket = o->pidfd_socket,
		.logs = o->logs,
		.logs_name = id,
		.no_pivot = o->no_pivot,
		.no_new_keyring = o->no_new_keyring,
		.no_shim = same(o->shim, "no"),
		.keep_terminal = keep_terminal,
		.preserve_fds = (int) o->preserve_fds + listening,
	};
	struct box *b = bundle_box(absolute(o->bundle ? o->bundle : "."), id, w);
	if (listening && b->process)
		b->process = listening_process(b->process, listening);
	w->ready = ready_is_asked() && b->process && config_has_new(b->config, CLONE_NEWNS);
	if (w->ready)
		ready_add(b);
	return b;
}
