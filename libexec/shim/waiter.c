#include "waiter.h"

#include "deadline.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void leave(struct pollfd *w)
{
	close(w->fd);
	w->fd = -1;
}

/* Never blocks: who does not take it finds it on disk. */
static void answer(struct pollfd *w, const char *what, size_t length)
{
	send(w->fd, what, length, MSG_NOSIGNAL | MSG_DONTWAIT);
	leave(w);
}

static void pong(struct pollfd *w)
{
	struct line l = { 0 };
	put(&l, "pong ");
	put_number(&l, (uint64_t) getpid(), 1);
	answer(w, l.text, l.length);
}

static struct pollfd *free_slot(struct shim *s)
{
	for (int i = FIRST_WAITER; i < SLOTS; i++)
		if (s->polled[i].fd < 0)
			return &s->polled[i];
	return NULL;
}

void waiters_accept(struct shim *s)
{
	int fd;
	while ((fd = accept4(LISTENER, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct pollfd *slot = free_slot(s);
		if (slot)
			*slot = (struct pollfd){ .fd = fd, .events = POLLIN };
		else
			close(fd);
	}
	s->deaf = errno != EAGAIN && errno != ECONNABORTED && errno != EINTR;
}

static const char stopping[] = "stopping";

/* "stop N MS", behind its first word. */
static void begin_stop(struct shim *s, struct pollfd *w, const char *numbers)
{
	const char *rest;
	int64_t signal = parse_number(numbers, &rest);

	deadline_set(s, (int) signal, parse_number(*rest ? rest + 1 : rest, NULL));
	send(w->fd, stopping, sizeof stopping - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* Who stays in its slot is answered at the end; a second message, its end, or anything else closes it. */
void waiter_hear(struct shim *s, struct pollfd *w)
{
	char message[64];
	ssize_t n = recv(w->fd, message, sizeof message - 1, MSG_DONTWAIT);
	bool stays = true, leaving;

	message[n > 0 ? n : 0] = 0;
	leaving = !strcmp(message, "leave") && has_ended(s);
	if (!strncmp(message, "stop ", 5))
		begin_stop(s, w, message + 5);
	else
		stays = !strcmp(message, "wait") || leaving;
	s->leaving |= leaving;
	if (!strcmp(message, "ping"))
		pong(w);
	else if (!stays)
		leave(w);
	else if (s->answering && !leaving)
		answer(w, s->ending.json.text, s->ending.json.length);
}

void waiters_answer(struct shim *s)
{
	s->answering = true;
	for (int i = FIRST_WAITER; i < SLOTS; i++)
		if (s->polled[i].fd >= 0)
			answer(&s->polled[i], s->ending.json.text, s->ending.json.length);
}
