/* How a container ends: a signal, its last process, the removal of every trace. */
#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "box/contact.h"
#include "box/history.h"
#include "box/journal.h"
#include "box/life.h"
#include "box/rdt.h"
#include "oci/names.h"
#include "sys/cgroup.h"
#include "sys/hook.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SHIM_WAIT_MS   5000 /* for the record of a process that is gone */
#define CGROUP_WAIT_MS 10000

#ifndef PIDFD_SIGNAL_PROCESS_GROUP
#define PIDFD_SIGNAL_PROCESS_GROUP (1U << 2)
#endif

static void signal_all(const struct container *c, int signal)
{
	if (!c->cgroup)
		fail("container \"%s\" has no cgroup, so its processes cannot be told from others", c->id);
	if (try_cgroup_kill(c->cgroup, signal) < 0)
		fail_sys("send %s to all of container \"%s\"", signal_name(signal), c->id);
}

/* Linux 6.9 signals a group by the pidfd of its leader; before, its number is the leader's, who lives. */
static int try_signal_group(const struct container *c, int pidfd, int signal)
{
	if (!syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, PIDFD_SIGNAL_PROCESS_GROUP))
		return 0;
	if (errno != EINVAL)
		return -1;
	return try_proc_signal(pidfd, 0) < 0 ? -1 : kill(-c->saved->pid, signal);
}

void container_kill(struct container *c, int signal, enum scope scope)
{
	enum status status = container_status(c);

	if (status == CREATING)
		fail("container \"%s\" is not created yet", c->id);
	if (scope == SCOPE_CGROUP) {
		signal_all(c, signal);
		return;
	}
	if (status == STOPPED)
		fail("container not running: \"%s\" has stopped", c->id);
	autoclose int pidfd = try_container_pidfd(c);
	if (pidfd < 0 ||
	    (scope == SCOPE_GROUP ? try_signal_group(c, pidfd, signal) : try_proc_signal(pidfd, signal)) < 0) {
		if (errno == ESRCH)
			fail("container not running: \"%s\" has stopped", c->id);
		fail_sys("send %s to container \"%s\"", signal_name(signal), c->id);
	}
	/* A frozen process dies when it is thawed, and not before. */
	if (signal == SIGKILL && status == PAUSED)
		cgroup_thaw(c->cgroup);
}

static void end_processes(const struct container *c)
{
	autoclose int pidfd = try_container_pidfd(c);

	if (pidfd >= 0)
		try_proc_signal(pidfd, SIGKILL);
	if (c->cgroup && try_cgroup_kill(c->cgroup, SIGKILL) < 0 && errno != ENOENT)
		fail_sys("end the processes of container \"%s\"", c->id);
	if (pidfd >= 0 && !proc_wait(pidfd, CGROUP_WAIT_MS))
		fail("container \"%s\": its first process does not die (is it stuck in the kernel?)", c->id);
	if (c->saved && c->saved->shim)
		contact_end(c->dir, SHIM_WAIT_MS);
}

const char *own_bundle(const char *root, const char *id) { return fmt("%s/.bundles/%s", root, id); }

void own_bundle_remove(const char *root, const char *id)
{
	autoclose int dir = try_open(AT_FDCWD, fmt("%s/.bundles", root), O_RDONLY | O_DIRECTORY);
	if (dir >= 0 && try_remove_tree(dir, id) < 0 && errno != ENOENT)
		warn("bundle %s could not be removed: %s", own_bundle(root, id), strerror(errno));
}

static void remove_state(const struct container *c)
{
	autoclose int root = open_dir(AT_FDCWD, c->root);
	if (try_remove_tree(root, c->id) < 0)
		fail_sys("remove the state of container \"%s\"", c->id);
}

static void check_deletable(const struct container *c, bool force)
{
	enum status status = container_status(c);
	if (force || status == STOPPED || status == CREATED)
		return;
	if (status == CREATING)
		fail("container \"%s\": its making was interrupted; `bivy delete --force %s` clears up", c->id, c->id);
	fail("cannot delete container \"%s\" that is not stopped: it is %s; stop it first, or use --force", c->id,
	     value_word(status_names, status));
}

void container_delete(struct container *c, bool force)
{
	container_lock(c);
	check_deletable(c, force);
	end_processes(c);
	if (c->cgroup && try_cgroup_remove(c->cgroup, CGROUP_WAIT_MS) < 0 && errno != ENOENT)
		fail_sys("remove the cgroup %s of container \"%s\"", c->cgroup->path, c->id);
	cgroup_remove_made(journal_read(c->dir).made); /* parents too, as far as nobody else is in them by now */
	container_rdt_remove(c);
	own_bundle_remove(c->root, c->id);
	history_tell(c->dir, c->id, "deleted");
	remove_state(c);
	if (c->config && c->config->hooks)
		hooks_run("poststop", c->config->hooks->poststop,
			  state_line(c->config, c->id, c->saved->bundle, STOPPED, 0), true, NULL);
}
