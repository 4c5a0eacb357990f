/* Stopping a container.  The shim gets signal and time in one message, and sees to both; where an engine supervises,
 * the command does it by itself. */
#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "box/contact.h"
#include "box/life.h"
#include "box/waiting.h"
#include "oci/names.h"
#include "sys/cgroup.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define USUAL_MS    10000
#define LONGEST_MS  (int64_t) 1e12
#define ANSWER_MS   1000 /* for the shim's word that it has begun */
#define TIMES_ASKED 5

struct stopping {
	struct container *container;
	int64_t kill_at;
	bool by_shim, over;
};

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static const char *annotation(const struct container *c, const char *name)
{
	EACH(a, c->config ? c->config->annotations : NULL)
		if (same((*a)->key, name))
			return (*a)->value;
	return NULL;
}

int container_stop_signal(const struct container *c)
{
	const char *said = annotation(c, "org.bivy.killSignal");
	int signal = said ? signal_number(said) : -1;
	return signal > 0 ? signal : SIGTERM;
}

int64_t container_stop_timeout(const struct container *c)
{
	const char *said = annotation(c, "org.bivy.killTimeout");
	int64_t ms;
	return said && number(said, 0, LONGEST_MS, &ms) ? ms : USUAL_MS;
}

static int left_ms(const struct stopping *s)
{
	int64_t left = s->kill_at - now_ms();
	return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int) left;
}

/* One question; its answer is "stopping", or the record of one that had ended already. */
static bool try_shim(const struct container *c, int signal, int in_ms)
{
	autoclose int sock = try_contact(c->dir);
	const char *asked = fmt("stop %d %d", signal, in_ms);
	char said[1024];

	return sock >= 0 && !try_fd_send(sock, -1, asked, strlen(asked)) &&
	       poll(&(struct pollfd){ sock, POLLIN, 0 }, 1, ANSWER_MS) > 0 &&
	       recv(sock, said, sizeof said, MSG_DONTWAIT) > 0;
}

/* A shim that dies over it is replaced, and the next is asked. */
static bool ask_shim(const struct stopping *s, int signal)
{
	const struct container *c = s->container;

	for (int n = 0; c->saved->shim && n < TIMES_ASKED; n++) {
		if (try_shim(c, signal, left_ms(s)))
			return true;
		container_attend(c);
	}
	return false;
}

static void signal_init(const struct container *c, int signal)
{
	autoclose int pidfd = try_container_pidfd(c);
	if (pidfd >= 0 && try_proc_signal(pidfd, signal) < 0 && errno != ESRCH)
		fail_sys("send %s to container \"%s\"", signal_name(signal), c->id);
}

struct stopping *stopping_begin(struct container *c, int signal, int64_t timeout_ms)
{
	struct stopping *s = mem(sizeof *s);
	enum status status = container_status(c);

	*s = (struct stopping){ .container = c, .kill_at = now_ms() + timeout_ms, .over = status == STOPPED };
	if (status == CREATING)
		fail("container \"%s\" is not created yet", c->id);
	if (s->over)
		return s;
	/* What is only created has nothing in it that could end by itself. */
	if (status == CREATED || !timeout_ms) {
		signal = SIGKILL;
		s->kill_at = now_ms();
	}
	s->by_shim = ask_shim(s, signal);
	if (!s->by_shim)
		signal_init(c, signal);
	/* After the signal, so that it does not go on before it hears that it should end. */
	if (status == PAUSED)
		cgroup_thaw(c->cgroup);
	return s;
}

/* What the first process leaves behind goes with it.  Where the container was deleted meanwhile nothing is left, and
 * its cgroup may be that of another one of the same name. */
static void end_rest(const struct container *c)
{
	if (c->cgroup && container_stands(c) && try_cgroup_kill(c->cgroup, SIGKILL) < 0 && errno != ENOENT)
		fail_sys("end the processes of container \"%s\"", c->id);
}

static void end_by_ourselves(const struct stopping *s)
{
	autoclose int pidfd = try_container_pidfd(s->container);

	if (pidfd < 0 || proc_wait(pidfd, left_ms(s)))
		return;
	try_proc_signal(pidfd, SIGKILL);
	end_rest(s->container);
	if (!proc_wait(pidfd, USUAL_MS))
		fail("container \"%s\": its first process does not die (is it stuck in the kernel?)", s->container->id);
}

/* Should the shims be killed and the time be lost with them, we still have it. */
static void end_by_shim(const struct stopping *s)
{
	struct waiting *all[] = { waiting_begin(s->container), NULL };

	if (waiting_next(all, left_ms(s) + ANSWER_MS))
		return;
	ask_shim(s, SIGKILL);
	end_rest(s->container);
	if (!waiting_next(all, USUAL_MS))
		fail("container \"%s\": its first process does not die (is it stuck in the kernel?)", s->container->id);
}

void stopping_end(struct stopping *s)
{
	if (s->by_shim)
		end_by_shim(s);
	else if (!s->over)
		end_by_ourselves(s);
	end_rest(s->container);
	s->over = true;
}

void container_stop(struct container *c, int signal, int64_t timeout_ms)
{
	stopping_end(stopping_begin(c, signal, timeout_ms));
}
