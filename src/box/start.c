#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/socket.h"
#include "box/interrupt.h"
#include "box/life.h"
#include "sys/hook.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

static void check_startable(const struct container *c)
{
	switch (container_status(c)) {
	case CREATED: break;
	case CREATING: fail("container \"%s\" is not created yet", c->id);
	case STOPPED: fail("cannot start a container that has stopped: \"%s\"", c->id);
	default: fail("cannot start an already running container: \"%s\"", c->id);
	}
	if (!c->config->process)
		fail("container \"%s\" has no process in its config.json, so there is nothing to start", c->id);
}

static int reach_init(const struct container *c)
{
	int s = try_socket_connect(c->dir, "start", 0);
	if (s < 0)
		fail_sys("container \"%s\" cannot be started: its first process does not answer", c->id);
	return s;
}

/* '+' when bivy-init has taken us on, then its last words or, when the program was executed, nothing. */
static void hear_init(int s, const struct container *c)
{
	char said[4096];
	int none;
	bool taken = false;
	long n;

	while ((n = try_fd_receive(s, &none, said, sizeof said - 1)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != ECONNRESET)
			fail_sys("start container \"%s\"", c->id);
		if (n < 0)
			break;
		said[n] = 0;
		taken |= *said == '+';
		if (*said == '!' && n > 2)
			fail_relay((enum kind)(unsigned char) said[1], said + 2);
	}
	if (!taken)
		fail("container \"%s\": its first process is gone, or another `start` came first", c->id);
}

/* runtime-spec 1.3: a poststart hook that fails ends the container. */
static void end_again(void *container) { container_delete(container, true); }

void container_start(struct container *c)
{
	container_lock(c);
	check_startable(c);
	autoclose int s = reach_init(c);
	/* Its absence is "running".  Before the answer: who is killed here leaves a container that can be killed, not
	 * one that starts twice. */
	unlinkat(c->dir, "start", 0);
	hear_init(s, c);
	const struct hooks *hooks = c->config->hooks;
	if (hooks && hooks->poststart && *hooks->poststart) {
		undo(end_again, c);
		hooks_run("poststart", hooks->poststart,
			  state_line(c->config, c->id, c->saved->bundle, RUNNING, c->saved->pid), false,
			  interrupt_pending);
		undo_forget();
	}
	container_unlock(c);
}
