#include "waiter.h"

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
	char text[32] = "pong ", digits[16];
	size_t length = strlen(text), n = 0;

	for (pid_t pid = getpid(); pid; pid /= 10)
		digits[n++] = (char) ('0' + pid % 10);
	while (n)
		text[length++] = digits[--n];
	answer(w, text, length);
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
}

static bool is(const char *message, ssize_t length, const char *word)
{
	return length == (ssize_t) strlen(word) && !memcmp(message, word, (size_t) length);
}

/* Who waits stays in its slot; a second message, its end, or anything else closes it. */
void waiter_hear(struct shim *s, struct pollfd *w)
{
	char message[16];
	ssize_t n = recv(w->fd, message, sizeof message, MSG_DONTWAIT);

	if (is(message, n, "ping"))
		pong(w);
	else if (is(message, n, "wait") && s->answering)
		answer(w, s->ending.text, s->ending.length);
	else if (!is(message, n, "wait"))
		leave(w);
}

void waiters_answer(struct shim *s)
{
	s->answering = true;
	for (int i = FIRST_WAITER; i < SLOTS; i++)
		if (s->polled[i].fd >= 0)
			answer(&s->polled[i], s->ending.text, s->ending.length);
}
