/* The process that makes a container and then stays as its shim.  See DESIGN: the front-end forks, the child walks the
 * HOST rows and so is INIT's parent, and becomes libexec/bivy-shim with the same pid. */
#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "box/interrupt.h"
#include "box/life.h"
#include "box/peer.h"
#include "box/record.h"
#include "box/walk.h"
#include "sys/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

enum { STATE_FD = 3, INIT_FD = 4, SOCKET_FD = 5, FREE_FD = 6 }; /* bivy-shim's contract */

static void put_at(int fd, int number)
{
	if (dup2(fd, number) < 0)
		fail_sys("descriptor %d", number);
}

static const char *const *shim_arguments(const struct box *b)
{
	const char **args = append(append(append(NULL, "bivy-shim"), b->id), fmt("%d", b->init));
	EACH(h, b->cgroup->hierarchies)
		args = append(args, (*h)->dir);
	return args;
}

/* Everything that can fail comes before the word "created". */
static _Noreturn void become_shim(struct box *b, int shim, int socket, int front_end)
{
	int state = fd_copy_from(b->dir, FREE_FD), init = fd_copy_from(b->pidfd, FREE_FD);
	int program = fd_copy_from(shim, FREE_FD), answers = fd_copy_from(socket, FREE_FD),
	    tell = fd_copy_from(front_end, FREE_FD);
	char *none[] = { NULL };

	put_at(state, STATE_FD);
	put_at(init, INIT_FD);
	put_at(answers, SOCKET_FD);
	fd_close_from(FREE_FD);
	undo_forget();
	flock(STATE_FD, LOCK_UN);
	peer_pass(tell, &b->console);
	/* The mask survives the exec: until the shim has set its own, no signal may end it. */
	sigset_t all;
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	fexecve(program, (char *const *) shim_arguments(b), none);
	_exit(COULD_NOT);
}

static _Noreturn void create_and_stay(struct box *b, int front_end)
{
	autoclose int shim = helper_open("bivy-shim");
	box_create(b);
	autoclose int socket = record_listen(b->dir);
	become_shim(b, shim, socket, front_end);
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
