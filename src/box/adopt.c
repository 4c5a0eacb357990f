/* A container whose shim and standby were both killed gets another one, from the first command that looks at it.  It
 * takes over what they left in the state directory; what a parent alone can know of INIT it asks the kernel. */
#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/proc.h"
#include "box/contact.h"
#include "box/container.h"
#include "box/logging.h"
#include "box/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_alone(const struct container *c)
{
	return c->saved && c->saved->shim && !exists(c->dir, "exit.json") && !contact_there(c->dir);
}

/* It goes on without a shim then, as it did before us; the next command tries again. */
static void say_aside(enum kind kind, const char *message)
{
	(void) kind;
	debug("no new shim: %s", message);
}

/* The grandchild: nobody waits for it, and it has no terminal (setsid is the shim's first deed). */
static _Noreturn void sit_down(struct shim_seat seat)
{
	autoclose int program = helper_open("bivy-shim");
	int kept = fd_copy_from(program, SHIM_FREE_FD);

	shim_place(&seat);
	shim_become(&seat, kept);
}

/* The socket is in the child's hands when fork(2) returns: from then on others find a shim. */
static void begin_shim(const struct shim_seat *seat)
{
	pid_t child = fork();

	if (child < 0)
		return;
	if (!child) {
		undo_forget();
		fail_to(say_aside);
		pid_t grandchild = fork();
		if (grandchild)
			_exit(grandchild < 0);
		sit_down(*seat);
	}
	while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
}

static void adopt(const struct container *c)
{
	/* Opened anew: what holds the lock must not outlive this command. */
	autoclose int dir = try_open(c->dir, ".", O_RDONLY | O_DIRECTORY);
	autoclose int socket = try_contact_listen(c->dir);
	autoclose int pidfd = try_proc_open_dead(c->saved->pid, c->saved->started);
	int log_dir = -1, out = -1, err = -1;

	if (dir < 0 || socket < 0)
		return;
	const char *logs = logs_reopen(c->saved->logs, c->dir, &log_dir, &out, &err);
	begin_shim(&(struct shim_seat){ c->id, logs, pidfd < 0 ? 0 : c->saved->pid, c->cgroup, dir, pidfd, socket,
					log_dir, out, err });
	fd_close(&log_dir);
	fd_close(&out);
	fd_close(&err);
}

void container_attend(const struct container *c)
{
	if (!is_alone(c) || !try_container_lock(c))
		return;
	/* Under the lock, so that there is one new shim; and not in a directory that was deleted meanwhile. */
	if (is_alone(c) && container_stands(c))
		adopt(c);
	container_unlock(c);
}
