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

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>

static bool annotated(const struct config *c, const char *key, const char *value)
{
	EACH(a, c->annotations)
		if (same((*a)->key, key))
			return same((*a)->value, value);
	return false;
}

/* `bivy bundle` writes the mark where the agent file enables the driver.  A config.json is trusted, so this is no
 * barrier: it is for the bundle that was written, or brought, in spite of it. */
static void check_raw_exec(const struct config *c, const char *file)
{
	if (annotated(c, "org.bivy.driver", "raw_exec") && !annotated(c, "org.bivy.rawExec", "enabled"))
		fail("%s: raw_exec is disabled for this bundle; make it with `bivy bundle --client FILE`, where FILE "
		     "enables "
		     "the driver",
		     file);
}

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
	check_raw_exec(c, file);

	struct box *b = box_new(globals()->root, id, wishes);
	b->bundle = bundle;
	b->config = c;
	b->process = c->process;
	return b;
}

/* Bytes: a number, alone or with one of the letters of 1024, its square and its cube. */
static int64_t size_of(const char *spelled)
{
	static const char units[] = "kmg";
	size_t digits = strspn(spelled, "0123456789");
	const char *unit = spelled[digits] ? strchr(units, tolower((unsigned char) spelled[digits])) : NULL;
	int shift = unit ? 10 * (int) (unit - units + 1) : 0;
	int64_t n;

	if ((spelled[digits] && (!unit || spelled[digits + 1])) || !number(text_n(spelled, digits), 0, INT32_MAX, &n))
		fail_as(MISUSE, "--logs-size: \"%s\" is not a size such as 64K, 10M or 1G", spelled);
	if (n << shift < LOG_SIZE_LEAST)
		fail_as(MISUSE, "--logs-size: \"%s\" is less than %d bytes", spelled, LOG_SIZE_LEAST);
	return n << shift;
}

static const struct log_wishes *log_wishes(const struct making *o, const char *id)
{
	if (!o->logs && (o->logs_format || o->logs_size || o->logs_files))
		fail_as(MISUSE, "--logs-format, --logs-size and --logs-files need --logs");
	if (!o->logs)
		return NULL;
	struct log_wishes *w = mem(sizeof *w);
	*w = (struct log_wishes){
		.dir = o->logs,
		.name = id,
		.format = o->logs_format ? o->logs_format : "raw",
		.files = o->logs_files ? o->logs_files : LOG_FILES_USUAL,
		.size = o->logs_size ? size_of(o->logs_size) : LOG_SIZE_USUAL,
	};
	return w;
}

struct box *making_box(const struct making *o, const char *id, bool keep_terminal)
{
	struct wishes *w = mem(sizeof *w);
	int listening = listening_fds();
	*w = (struct wishes){
		.console_socket = o->console_socket,
		.pid_file = o->pid_file ? absolute(o->pid_file) : NULL,
		.pidfd_socket = o->pidfd_socket,
		.logs = log_wishes(o, id),
		.no_pivot = o->no_pivot,
		.no_new_keyring = o->no_new_keyring,
		.init = o->init,
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
