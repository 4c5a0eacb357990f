#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/socket.h"
#include "box/history.h"
#include "box/interrupt.h"
#include "box/life.h"
#include "box/notify.h"
#include "box/postmortem.h"
#include "sys/hook.h"
#include "sys/plan.h"

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
	case PAUSED: fail("cannot start a container in the paused state: \"%s\"; resume it first", c->id);
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

struct starting {
	struct container *c;
	bool has_hooks; /* startContainer */
	bool in_hooks;  /* runtime-spec: a hook of `start` that fails ends the container */
};

static void end_again(void *starting)
{
	const struct starting *s = starting;
	if (s->in_hooks)
		container_delete(s->c, true);
}

static void answer_init(int s, const struct container *c, const char *said, long length)
{
	if (*said != LISTENER_ASKED)
		return;
	autoclose int pidfd = try_container_pidfd(c);
	struct oci_state state = *container_state(c);
	state.status = CREATED; /* until the program runs */
	notify_answer(&(struct notified){ c->config, state, c->saved->pid, pidfd }, s, said, length);
}

/* TAKEN_ON when bivy-init has taken us on, then its last words or, when the program was executed, nothing. */
static void hear_init(int s, struct starting *starting)
{
	const struct container *c = starting->c;
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
		taken |= *said == TAKEN_ON;
		if (*said == TAKEN_ON || *said == HOOKS_DONE)
			starting->in_hooks = starting->has_hooks && *said == TAKEN_ON;
		answer_init(s, c, said, n);
		if (*said == '!' && n > 2)
			fail_relay((enum kind)(unsigned char) said[1],
				   postmortem(c->config, c->config->process, c->saved->pid, said, n));
	}
	if (!taken)
		fail("container \"%s\": its first process is gone, or another `start` came first", c->id);
	if (starting->in_hooks)
		fail("container \"%s\": its first process was killed while its startContainer hooks ran", c->id);
}

static void poststart(struct starting *s)
{
	const struct container *c = s->c;

	s->in_hooks = true;
	hooks_run("poststart", c->config->hooks->poststart,
		  state_line(c->config, c->id, c->saved->bundle, RUNNING, c->saved->pid), false, interrupt_pending);
	s->in_hooks = false;
}

void container_start(struct container *c)
{
	container_lock(c);
	check_startable(c);
	autoclose int s = reach_init(c);
	/* Its absence is "running".  Before the answer: who is killed here leaves a container that can be killed, not
	 * one that starts twice. */
	unlinkat(c->dir, "start", 0);
	history_tell(c->dir, c->id, "started"); /* before the end can be told */
	const struct hooks *hooks = c->config->hooks;
	struct starting *starting = mem(sizeof *starting);
	*starting = (struct starting){ .c = c, .has_hooks = hooks && count(hooks->start_container) };
	undo(end_again, starting);
	hear_init(s, starting);
	if (hooks && count(hooks->poststart))
		poststart(starting);
	container_unlock(c);
}
