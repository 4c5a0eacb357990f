#include "standby.h"

#include "capture.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* A connection that we held would not end with the active shim, and who waits there would wait for ever. */
static void drop_waiters(struct shim *s)
{
	for (int i = FIRST_WAITER; i < SLOTS; i++)
		if (s->polled[i].fd >= 0) {
			close(s->polled[i].fd);
			s->polled[i].fd = -1;
		}
}

/* A second listen(2) on the socket makes us the one whom SO_PEERCRED names. */
static void take_over(struct shim *s)
{
	prctl(PR_SET_NAME, "bivy-shim", 0, 0, 0);
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
	listen(LISTENER, BACKLOG);
	s->standby = 0;
	s->polled[INIT_SLOT].fd = s->init ? PIDFD : -1;
}

/* Touches as little memory as it can: what it does not write it shares with the active one. */
static void stand_by(struct shim *s, int active)
{
	struct pollfd p = { .fd = active, .events = POLLIN };

	prctl(PR_SET_NAME, "bivy-standby", 0, 0, 0);
	drop_waiters(s);
	if (s->capture.format != LOG_NONE)
		capture_end(&s->capture);
	while (poll(&p, 1, -1) < 1)
		;
	close(active);
	take_over(s);
}

bool standby_make(struct shim *s)
{
	int self = (int) syscall(SYS_pidfd_open, getpid(), 0);
	pid_t pid = self < 0 ? -1 : fork();

	if (!pid) {
		stand_by(s, self);
		return true;
	}
	if (self >= 0)
		close(self);
	s->standby = pid > 0 ? pid : 0;
	return false;
}

/* It is our child, not reaped: the number is its own. */
void standby_end(struct shim *s)
{
	siginfo_t info;

	if (!s->standby)
		return;
	kill(s->standby, SIGKILL);
	waitid(P_PID, (id_t) s->standby, &info, WEXITED);
	s->standby = 0;
}
