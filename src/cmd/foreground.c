#include "cmd/foreground.h"

#include "base/fail.h"
#include "base/proc.h"
#include "box/interrupt.h"
#include "box/life.h"
#include "sys/tty.h"

#include <sys/prctl.h>
#include <sys/stat.h>

/* INIT comes to us when its shim is killed.  We do not reap it: as long as it is a zombie a new shim reads its code, on
 * kernels too that would not tell it later. */
void foreground_begin(void) { prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); }

static void forward(int signal, void *pidfd) { try_proc_signal(*(const int *) pidfd, signal); }

void foreground_follow(int pidfd, int console)
{
	if (interrupt_pending())
		forward(interrupt_pending(), &pidfd);
	terminal_relay(console, pidfd, forward, &pidfd);
}

int foreground_code(const struct container *c)
{
	const struct exit_record *r = container_wait(c);
	if (!r)
		fail("container \"%s\" has ended, and its exit code is unknown: nobody of bivy's was its parent",
		     c->id);
	if (r->unknown)
		warn("container \"%s\" has ended, and its exit code is unknown: its shims were killed", c->id);
	return r->code;
}

/* A hook that failed may have ended it already. */
void foreground_remove(void *container)
{
	struct container *c = container;
	struct stat st;

	if (!fstat(c->dir, &st) && st.st_nlink)
		container_delete(c, true);
}
