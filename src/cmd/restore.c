#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "box/life.h"
#include "cli/globals.h"
#include "cmd/commands.h"
#include "cmd/foreground.h"
#include "cmd/making.h"
#include "sys/criu.h"

struct restore {
	const char *bundle, *pid_file, *console_socket, *image_path, *work_path, *cgroups_mode, *network_lock;
	const char *lsm_profile, *lsm_mount_context, **empty_ns;
	bool detach, tcp_established, tcp_close, ext_unix_sk, shell_job, file_locks, auto_dedup, lazy_pages;
	bool no_pivot, no_subreaper;
};

static struct criu *criu_of(const struct restore *o)
{
	struct criu *c = mem(sizeof *c);
	const char *images = absolute(o->image_path ? o->image_path : "checkpoint");
	*c = (struct criu){
		.images = images,
		.work = o->work_path ? absolute(o->work_path) : images,
		.cgroups_mode = o->cgroups_mode,
		.network_lock = o->network_lock,
		.lsm_profile = o->lsm_profile,
		.lsm_mount_context = o->lsm_mount_context,
		.empty_ns = o->empty_ns,
		.tcp_established = o->tcp_established,
		.tcp_close = o->tcp_close,
		.ext_unix_sk = o->ext_unix_sk,
		.shell_job = o->shell_job,
		.file_locks = o->file_locks,
		.auto_dedup = o->auto_dedup,
		.lazy_pages = o->lazy_pages,
		.status_fd = -1,
	};
	return c;
}

static int run(const void *options, char **arguments)
{
	const struct restore *o = options;
	struct making making = { .bundle = o->bundle, .pid_file = o->pid_file };

	if (o->console_socket)
		fail("--console-socket: a restored terminal cannot be passed on; use --shell-job");
	struct box *b = making_box(&making, *arguments, true);
	struct wishes *w = mem(sizeof *w);
	*w = *b->wishes;
	w->criu = criu_of(o);
	b->wishes = w;
	container_create(b);
	if (o->detach)
		return 0;
	struct container *c = container_open(globals()->root, *arguments);
	autoclose int pidfd = try_container_pidfd(c);
	foreground_follow(pidfd, -1);
	int code = foreground_code(c);
	container_delete(c, true);
	return code;
}

static const struct option_row options[] = {
	{ "bundle", 'b', VALUE(restore, bundle, "BUNDLE"), "Take config.json and the root filesystem from BUNDLE" },
	{ "image-path", 0, VALUE(restore, image_path, "DIR"), "Read the images from DIR, not from ./checkpoint" },
	{ "work-path", 0, VALUE(restore, work_path, "DIR"), "Write CRIU's log to DIR, not beside the images" },
	{ "detach", 'd', FLAG(restore, detach), "Return when the container runs" },
	{ "pid-file", 0, VALUE(restore, pid_file, "FILE"), "Write the pid to FILE; the caller supervises" },
	{ "console-socket", 0, VALUE(restore, console_socket, "SOCKET"), NULL },
	{ "tcp-established", 0, FLAG(restore, tcp_established), "Restore established TCP connections" },
	{ "tcp-close", 0, FLAG(restore, tcp_close), "Close TCP connections instead of restoring them" },
	{ "ext-unix-sk", 0, FLAG(restore, ext_unix_sk), "Allow Unix sockets to the outside" },
	{ "shell-job", 0, FLAG(restore, shell_job), "Join the caller's terminal" },
	{ "file-locks", 0, FLAG(restore, file_locks), "Restore file locks" },
	{ "auto-dedup", 0, FLAG(restore, auto_dedup), "Free what of the images has been restored" },
	{ "lazy-pages", 0, FLAG(restore, lazy_pages), "Fetch memory when it is used" },
	{ "empty-ns", 0, VALUES(restore, empty_ns, "network"), "Restore this namespace empty" },
	{ "manage-cgroups-mode", 0, ONE_OF(restore, cgroups_mode, "soft|full|strict|ignore"),
	  "How CRIU treats cgroups" },
	{ "network-lock", 0, ONE_OF(restore, network_lock, "iptables|nftables|skip"),
	  "How the network was held meanwhile" },
	{ "lsm-profile", 0, VALUE(restore, lsm_profile, "TYPE:LABEL"), "Give the processes this profile or label" },
	{ "lsm-mount-context", 0, VALUE(restore, lsm_mount_context, "CONTEXT"), "Give the mounts this context" },
	{ "no-pivot", 0, FLAG(restore, no_pivot), NULL },
	{ "no-subreaper", 0, FLAG(restore, no_subreaper), NULL },
	{ 0 },
};

const struct command command_restore = {
	.name = "restore",
	.arguments = "ID",
	.summary = "Make a container of the images that checkpoint has written",
	.group = "Containers",
	.size = sizeof(struct restore),
	.options = options,
	.run = run,
	.least = 1,
	.most = 1,
	.exits_by_kind = true,
	.options_anywhere = true,
};
