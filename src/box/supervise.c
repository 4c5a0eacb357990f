/* The process that makes a container and then stays as its shim.  See DESIGN: the front-end forks, the child walks the
 * HOST rows and so is INIT's parent, and becomes libexec/bivy-shim with the same pid. */
#include "box/supervise.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "box/contact.h"
#include "box/interrupt.h"
#include "box/life.h"
#include "box/peer.h"
#include "box/walk.h"
#include "sys/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATE_FD 3
#define SEATS    (SHIM_FREE_FD - STATE_FD)

/* What is none leaves its number free.  Copied out of the way first: one may stand on another's number. */
void shim_place(const struct shim_seat *s)
{
	const int from[SEATS] = { s->dir, s->pidfd, s->socket, s->log_dir, s->out, s->err };
	int aside[SEATS];

	for (int i = 0; i < SEATS; i++)
		aside[i] = from[i] < 0 ? -1 : fd_copy_from(from[i], SHIM_FREE_FD);
	for (int i = 0; i < SEATS; i++)
		if (aside[i] < 0)
			close(STATE_FD + i);
		else if (dup2(aside[i], STATE_FD + i) < 0)
			fail_sys("descriptor %d", STATE_FD + i);
	fd_close_from(SHIM_FREE_FD);
}

static const char *const *arguments(const struct shim_seat *s)
{
	const char **args = append(append(append(NULL, "bivy-shim"), s->id), fmt("%d", s->init));
	args = append(args, s->logs);
	for (struct hierarchy **h = s->cgroup ? s->cgroup->hierarchies : NULL; h && *h; h++)
		args = append(args, (*h)->dir);
	return args;
}

/* The mask survives the exec: until the shim has set its own, no signal may end it. */
_Noreturn void shim_become(const struct shim_seat *s, int program)
{
	char *none[] = { NULL };
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	fexecve(program, (char *const *) arguments(s), none);
	_exit(COULD_NOT);
}

/* Everything that can fail comes before the word "created". */
static _Noreturn void take_seat(struct box *b, int shim, int socket, int front_end)
{
	int program = fd_copy_from(shim, SHIM_FREE_FD), tell = fd_copy_from(front_end, SHIM_FREE_FD);
	const struct shim_seat seat = { b->id,       b->shim_logs ? b->shim_logs : "-",
					b->init,     b->cgroup,
					b->dir,      b->pidfd,
					socket,      b->log_dir,
					b->out_read, b->err_read };

	shim_place(&seat);
	undo_forget();
	flock(STATE_FD, LOCK_UN);
	peer_pass(tell, &b->console);
	shim_become(&seat, program);
}

static _Noreturn void create_and_stay(struct box *b, int front_end)
{
	autoclose int shim = helper_open("bivy-shim");
	box_create(b);
	autoclose int socket = contact_listen(b->dir);
	take_seat(b, shim, socket, front_end);
}

static int wait_created(pid_t child, int from)
{
	char word;
	int console, status;
	long n;

	while ((n = try_fd_receive(from, &console, &word, 1)) < 0 && errno == EINTR)
		;
	if (n == 1)
		return console;
	/* What went wrong has been said by the child, on the stream that we share. */
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	undo_all();
	if (WIFSIGNALED(status))
		fail("the process that made the container was killed by signal %d; `bivy delete --force` clears up",
		     WTERMSIG(status));
	exit(WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

static int create_supervised(struct box *b)
{
	int ends[2];

	peer_pair(ends);
	b->front_end = getpid();
	/* A terminal's Ctrl-C reaches both: the child stops and undoes, and we wait to say so. */
	interrupt_catch();
	pid_t child = fork();
	if (child < 0)
		fail_sys("fork");
	if (!child) {
		undo_forget();
		close(ends[0]);
		create_and_stay(b, ends[1]);
	}
	close(ends[1]);
	int console = wait_created(child, ends[0]);
	close(ends[0]);
	return console;
}

int container_create(struct box *b)
{
	if (!b->wishes->pid_file && !b->wishes->no_shim)
		return create_supervised(b);
	box_create(b);
	undo_forget();
	flock(b->dir, LOCK_UN);
	return fd_take(&b->console);
}
