/* The state directory: making it claims the id, and its last file says that the container is created.  Runs in HOST. */
#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "box/box.h"
#include "box/container.h"
#include "box/history.h"
#include "box/journal.h"
#include "box/steps.h"
#include "sys/cgroup.h"
#include "sys/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

static void state_remove(void *box)
{
	const struct box *b = box;
	autoclose int root = try_open(AT_FDCWD, b->root, O_RDONLY | O_DIRECTORY);
	if (root >= 0)
		try_remove_tree(root, b->id);
}

/* runtime-spec, "Lifecycle": a hook that fails during create leads to step 12, the undoing, and so to step 13. */
static void poststop(void *box)
{
	const struct box *b = box;
	if (b->hooks_begun)
		hooks_run("poststop", b->config->hooks->poststop, state_line(b->config, b->id, b->bundle, STOPPED, 0),
			  true, NULL);
}

void state_reserve(struct box *b)
{
	autoclose int root = root_open_dir(b->root);
	if (mkdirat(root, b->id, 0700) < 0) {
		if (errno == EEXIST)
			fail("container \"%s\" already exists; choose another ID, or `bivy delete %s`", b->id, b->id);
		fail_sys("state directory %s/%s", b->root, b->id);
	}
	undo(poststop, b);
	undo(state_remove, b);
	b->dir = open_dir(root, b->id);
	if (flock(b->dir, LOCK_EX | LOCK_NB) < 0)
		fail("container \"%s\" is being cleared up by another command; try again", b->id);
	/* Killed before there was anything that a `delete --force` after it could have found. */
	if (b->front_end && getppid() != b->front_end)
		fail("the command that asked for container \"%s\" is gone", b->id);
	journal_bundle(b->dir, b->bundle);
	write_new(b->dir, "config.json", read_whole(AT_FDCWD, fmt("%s/config.json", b->bundle)));
}

/* Exactly the digits: engines parse the whole of it.  By rename, so that who waits for the file never reads half of it.
 */
void pid_file_write(struct box *b)
{
	const char *path = b->wishes->pid_file;
	if (!path)
		return;
	const char *aside = fmt("%s/.%s.bivy", dir_name(path), base_name(path));
	autoclose int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	const char *pid = fmt("%d", b->init);
	if (fd < 0)
		fail_sys("pid file %s", path);
	write_all(fd, pid, strlen(pid), path);
	if (rename(aside, path) < 0)
		fail_sys("pid file %s", path);
}

static const char *owner_name(void)
{
	/* A number says it as well, and no file of the host needs to be read for it. */
	return geteuid() ? fmt("%u", geteuid()) : "root";
}

void state_publish(struct box *b)
{
	bool supervised = !b->wishes->no_shim && !b->wishes->pid_file;
	const char *rootfs = b->config->root->path;
	struct saved s = {
		.version = SPEC_VERSION,
		.id = b->id,
		.bundle = b->bundle,
		.rootfs = *rootfs == '/' ? rootfs : clean_path(fmt("%s/%s", b->bundle, rootfs)),
		.created = time_now(),
		.owner = owner_name(),
		.cgroup = b->cgroup ? b->cgroup->path : NULL,
		.pid = b->init,
		.started = b->started,
		.logs = logs_saved(b),
		.shim = supervised ? getpid() : 0,
	};
	if (!b->wishes->criu && renameat(b->dir, "start.new", b->dir, "start") < 0)
		fail_sys("start socket");
	pid_file_write(b);
	history_tell(b->dir, b->id, "created");
	write_new(b->dir, "state.json", json_text(&s, &saved_type, true));
}
