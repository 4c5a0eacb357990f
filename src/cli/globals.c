#include "cli/globals.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <unistd.h>

/* clang-format off */
static const struct option_row rows[] = {
	{ "root",            0, VALUE(globals, root, "DIR"),  "Keep state in DIR (/run/bivy, or $XDG_RUNTIME_DIR/bivy)" },
	{ "log",             0, VALUE(globals, log, "FILE"),  "Write errors to FILE as well" },
	{ "log-format",      0, ONE_OF(globals, log_format, "text|json"), "The form of messages in the log" },
	{ "debug",           0, FLAG(globals, debug),         "Say more of what is done" },
	{ "systemd-cgroup",  0, FLAG(globals, systemd_cgroup), "Have systemd make cgroups (not supported yet)" },
	{ "cgroup-manager",  0, ONE_OF(globals, cgroup_manager, "cgroupfs|systemd|disabled"), "So far only cgroupfs" },
	{ "rootless",        0, ONE_OF(globals, rootless, "true|false|auto"), "Accepted, and has no effect" },
	{ "version",       'v', FLAG(globals, version),       "Print the version" },
	{ 0 }
};
/* clang-format on */

const struct command program = {
	.name = "bivy",
	.arguments = "COMMAND ...",
	.summary = "Run one process, isolated: from an OCI bundle, or from the job file of an exec task",
	.size = sizeof(struct globals),
	.options = rows,
	.most = -1,
};

static struct globals *ours;

const struct globals *globals(void) { return ours; }

/* As runc and crun have it.  XDG_RUNTIME_DIR of a sudo caller may be the user's: root does not use it. */
static const char *usual_root(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");

	if (!geteuid())
		return "/run/bivy";
	return runtime && *runtime == '/' ? fmt("%s/bivy", runtime) : fmt("/run/user/%u/bivy", geteuid());
}

bool globals_read(char ***words)
{
	ours = options_read(&program, NULL, words);
	if (ours)
		ours->root = ours->root ? absolute(ours->root) : usual_root();
	return ours;
}

void globals_apply(void)
{
	if (try_log_open(ours->log, same(ours->log_format, "json"), ours->debug) < 0)
		fail_sys("log file %s", ours->log);
	if (ours->systemd_cgroup || same(ours->cgroup_manager, "systemd"))
		fail("cgroups by systemd are not supported yet; leave %s out for cgroupfs",
		     ours->systemd_cgroup ? "--systemd-cgroup" : "--cgroup-manager=systemd");
	if (same(ours->cgroup_manager, "disabled"))
		fail("a container without a cgroup is not supported yet; leave --cgroup-manager=disabled out");
}
