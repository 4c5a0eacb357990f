#include "box/waiting.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"
#include "box/contact.h"
#include "box/life.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define AGAIN_MS 100 /* where a shim is there and has no room, or none can be made */
#define PATIENCE 50  /* attempts without anyone to ask, when the process is gone */

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void end(struct waiting *w, struct exit_record *r)
{
	fd_close(&w->shim);
	fd_close(&w->init);
	w->over = true;
	w->record = r;
}

static int try_ask(const struct container *c)
{
	static const char question[] = "wait";
	autoclose int sock = try_contact(c->dir);
	if (sock < 0 || try_fd_send(sock, -1, question, strlen(question)) < 0)
		return -1;
	return fd_take(&sock);
}

static bool has_shim(const struct container *c) { return c->saved && c->saved->shim; }

/* The record is looked for after the shim was: one that has gone has left it. */
static void approach(struct waiting *w)
{
	const struct container *c = w->container;

	if (has_shim(c) && (w->shim = try_ask(c)) < 0) {
		container_attend(c);
		w->shim = try_ask(c);
	}
	struct exit_record *r = record_read(c->dir);
	if (r)
		end(w, r);
	else if (w->dead && w->shim < 0 && (!has_shim(c) || ++w->attempts > PATIENCE))
		end(w, NULL);
}

struct waiting *waiting_begin(const struct container *c)
{
	struct waiting *w = mem(sizeof *w);
	*w = (struct waiting){ .container = c, .shim = -1, .init = try_container_pidfd(c) };
	w->dead = w->init < 0;
	return w;
}

/* The record, or the end of the connection: then somebody else is to be asked, and one who has no room later. */
static void hear_shim(struct waiting *w)
{
	char said[1024];
	ssize_t n = recv(w->shim, said, sizeof said, MSG_DONTWAIT);

	if (n > 0)
		end(w, json_read("the shim's answer", text_n(said, (size_t) n), &exit_record_type));
	else if (w->attempts++)
		w->not_before = now_ms() + AGAIN_MS;
	fd_close(&w->shim);
}

static void hear(struct waiting *w, const struct pollfd p[2])
{
	if (p[1].revents) {
		w->dead = true;
		fd_close(&w->init);
	}
	if (p[0].revents)
		hear_shim(w);
}

/* After the end a shim takes its time to end the rest, and one that stands still (SIGSTOP) is to be woken. */
static void see_to(struct waiting *w)
{
	if (w->over)
		return;
	if (w->shim >= 0 && w->dead && now_ms() >= w->not_before) {
		contact_there(w->container->dir);
		w->not_before = now_ms() + AGAIN_MS;
	}
	if (w->shim < 0 && now_ms() >= w->not_before && (w->dead || has_shim(w->container)))
		approach(w);
}

static struct waiting *first_over(struct waiting *const *all)
{
	EACH(w, all)
		if ((*w)->over && !(*w)->told) {
			(*w)->told = true;
			return *w;
		}
	return NULL;
}

static int left_ms(int64_t deadline)
{
	int64_t left = deadline - now_ms();
	return deadline < 0 ? -1 : left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int) left;
}

/* False: all are over.  *timeout_ms: less where one is to be seen to again. */
static bool see_to_all(struct waiting *const *all, struct pollfd *p, int *timeout_ms)
{
	bool any = false;

	EACH(w, all) {
		see_to(*w);
		bool again = !(*w)->over && ((*w)->dead || (has_shim((*w)->container) && (*w)->shim < 0));
		if (again && (*timeout_ms < 0 || *timeout_ms > AGAIN_MS))
			*timeout_ms = AGAIN_MS;
		any |= !(*w)->over;
		p[2 * (w - all)] = (struct pollfd){ (*w)->shim, POLLIN, 0 };
		p[2 * (w - all) + 1] = (struct pollfd){ (*w)->init, POLLIN, 0 };
	}
	return any;
}

struct waiting *waiting_next(struct waiting *const *all, int timeout_ms)
{
	const int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;
	struct pollfd *p = mem((2 * count(all) + 1) * sizeof *p);
	struct waiting *found;

	for (bool last = false; !(found = first_over(all)) && !last;) {
		int left = left_ms(deadline), wait = left;
		last = !left || !see_to_all(all, p, &wait);
		if (last || (found = first_over(all)))
			break;
		if (poll(p, 2 * count(all), wait) < 0 && errno != EINTR)
			fail_sys("wait");
		EACH(w, all)
			if (!(*w)->over)
				hear(*w, p + 2 * (w - all));
	}
	return found ? found : first_over(all);
}

struct exit_record *container_wait(const struct container *c)
{
	struct waiting *w = waiting_begin(c);
	return waiting_next((struct waiting *[]){ w, NULL }, -1)->record;
}
