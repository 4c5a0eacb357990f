/* Checkpoint and restore: the life of a container is put into images, and taken up again from them.  The steps of a
 * restore run in HOST; CRIU makes the processes. */
#include "base/fail.h"
#include "base/file.h"
#include "base/proc.h"
#include "box/box.h"
#include "box/journal.h"
#include "box/life.h"
#include "box/steps.h"
#include "sys/cgroup.h"
#include "sys/criu.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

void container_checkpoint(struct container *c, const struct criu *criu)
{
	container_lock(c);
	enum status status = container_status(c);
	if (status == CREATED || status == CREATING)
		fail("container \"%s\" is not started: there is nothing to checkpoint yet", c->id);
	if (status == STOPPED)
		fail("container not running: \"%s\" has stopped", c->id);
	if (status == PAUSED)
		fail("container \"%s\" is paused; resume it first", c->id);
	criu_check();
	make_dirs(AT_FDCWD, criu->images, 0700);
	make_dirs(AT_FDCWD, criu->work, 0700);
	criu_dump(criu, c->config, c->saved->pid);
	/* As with runc: its life is in the images now. */
	if (!criu->leave_running && !criu->pre_dump)
		container_delete(c, true);
}

static void restored_kill(void *box)
{
	const struct box *b = box;
	try_proc_signal(b->pidfd, SIGKILL);
	while (waitpid(b->init, NULL, 0) < 0 && errno == EINTR)
		;
}

void criu_find(struct box *b)
{
	if (!exists(AT_FDCWD, b->wishes->criu->images))
		fail_sys("images %s", b->wishes->criu->images);
	make_dirs(AT_FDCWD, b->wishes->criu->work, 0700);
	criu_check();
}

void box_restore_process(struct box *b)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* CRIU's child is to be ours when CRIU ends */
	cgroup_open_doors(b->cgroup);
	b->init = criu_restore(b->wishes->criu, b->config, b->bundle, b->cgroup);
	cgroup_close_doors(b->cgroup);
	b->pidfd = (int) syscall(SYS_pidfd_open, b->init, 0);
	b->started = proc_started(b->init);
	if (b->pidfd < 0)
		fail_sys("the restored process %d is gone", b->init);
	undo(restored_kill, b);
	journal_init(b->dir, b->init, b->started);
}
