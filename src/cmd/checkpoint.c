#include "base/fail.h"
#include "base/file.h"
#include "base/text.h"
#include "box/life.h"
#include "cli/globals.h"
#include "cmd/commands.h"
#include "sys/criu.h"

#include <fcntl.h>
#include <stddef.h>

struct checkpoint {
	const char *image_path, *work_path, *parent_path, *cgroups_mode, *page_server, *network_lock;
	const char **empty_ns, *status_fd;
	bool leave_running, tcp_established, tcp_skip_in_flight, ext_unix_sk, shell_job, file_locks, link_remap;
	bool lazy_pages, pre_dump, auto_dedup;
};

static int status_descriptor(const char *digits)
{
	int64_t fd = -1;
	if (digits && (!number(digits, 0, INT32_MAX, &fd) || fcntl((int) fd, F_GETFD) < 0))
		fail_as(MISUSE, "--status-fd: \"%s\" is no open descriptor", digits);
	return (int) fd;
}

static int run(const void *options, char **arguments)
{
	const struct checkpoint *o = options;
	const char *images = absolute(o->image_path ? o->image_path : "checkpoint");
	struct criu criu = {
		.images = images,
		.work = o->work_path ? absolute(o->work_path) : images,
		.parent = o->parent_path, /* CRIU takes it from the images' directory */
		.cgroups_mode = o->cgroups_mode,
		.page_server = o->page_server,
		.network_lock = o->network_lock,
		.empty_ns = o->empty_ns,
		.leave_running = o->leave_running,
		.tcp_established = o->tcp_established,
		.tcp_skip_in_flight = o->tcp_skip_in_flight,
		.ext_unix_sk = o->ext_unix_sk,
		.shell_job = o->shell_job,
		.file_locks = o->file_locks,
		.link_remap = o->link_remap,
		.lazy_pages = o->lazy_pages,
		.pre_dump = o->pre_dump,
		.auto_dedup = o->auto_dedup,
		.status_fd = status_descriptor(o->status_fd),
	};
	container_checkpoint(container_open(globals()->root, *arguments), &criu);
	return 0;
}

static const struct option_row options[] = {
	{ "image-path", 0, VALUE(checkpoint, image_path, "DIR"), "Write the images to DIR, not to ./checkpoint" },
	{ "work-path", 0, VALUE(checkpoint, work_path, "DIR"), "Write CRIU's log to DIR, not beside the images" },
	{ "parent-path", 0, VALUE(checkpoint, parent_path, "DIR"),
	  "Leave out what an earlier --pre-dump has in DIR, relative to the images" },
	{ "leave-running", 0, FLAG(checkpoint, leave_running), "Let the container go on" },
	{ "pre-dump", 0, FLAG(checkpoint, pre_dump), "Write the memory alone, and let the container go on" },
	{ "tcp-established", 0, FLAG(checkpoint, tcp_established), "Take established TCP connections along" },
	{ "tcp-skip-in-flight", 0, FLAG(checkpoint, tcp_skip_in_flight), "Leave out TCP connections in the making" },
	{ "ext-unix-sk", 0, FLAG(checkpoint, ext_unix_sk), "Allow Unix sockets to the outside" },
	{ "shell-job", 0, FLAG(checkpoint, shell_job), "Allow a terminal of the outside" },
	{ "file-locks", 0, FLAG(checkpoint, file_locks), "Allow file locks" },
	{ "link-remap", 0, FLAG(checkpoint, link_remap), "Give files that are deleted and open a name" },
	{ "lazy-pages", 0, FLAG(checkpoint, lazy_pages), "Serve the memory while it is restored elsewhere" },
	{ "page-server", 0, VALUE(checkpoint, page_server, "ADDRESS:PORT"), "Send the memory to a page server" },
	{ "status-fd", 0, VALUE(checkpoint, status_fd, "FD"), "Write a NUL to FD when the page server is ready" },
	{ "auto-dedup", 0, FLAG(checkpoint, auto_dedup), "Free what is twice in the images" },
	{ "empty-ns", 0, VALUES(checkpoint, empty_ns, "network"), "Restore this namespace empty" },
	{ "manage-cgroups-mode", 0, ONE_OF(checkpoint, cgroups_mode, "soft|full|strict|ignore"),
	  "How CRIU treats cgroups" },
	{ "network-lock", 0, ONE_OF(checkpoint, network_lock, "iptables|nftables|skip"),
	  "How the network is held meanwhile" },
	{ 0 },
};

const struct command command_checkpoint = {
	.name = "checkpoint",
	.arguments = "ID",
	.summary = "Write the processes of a container to images, with CRIU",
	.group = "Containers",
	.size = sizeof(struct checkpoint),
	.options = options,
	.run = run,
	.least = 1,
	.most = 1,
	.options_anywhere = true,
};
