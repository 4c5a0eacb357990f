#include "box/peer.h"

#include "base/fail.h"
#include "base/fd.h"
#include "box/interrupt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TURN = 0, LAST_WORDS = '!' }; /* the first byte of a message; bivy-init speaks like this too (sys/plan.h) */

void peer_pair(int ends[2])
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		fail_sys("socketpair");
}

void peer_pass(int peer, int *gift)
{
	if (try_fd_send(peer, *gift, &(char){ TURN }, 1) < 0 && errno != EPIPE && errno != ECONNRESET)
		fail_sys("pass the turn to the other process");
	fd_close(gift);
}

struct words {
	char at[4096];
	long length;
};

/* Does not return when these are the peer's last. */
static void relay(const struct words *w)
{
	if (w->length > 2 && *w->at == LAST_WORDS)
		fail_relay((enum kind)(unsigned char) w->at[1], w->at + 2);
}

/* Bytes received; 0: the peer is gone. */
static long receive(int peer, int *gift, struct words *w)
{
	char *said = w->at;
	long n;

	while ((n = w->length = try_fd_receive(peer, gift, said, sizeof w->at - 1)) < 0) {
		if (errno != EINTR && errno != ECONNRESET)
			fail_sys("wait for the other process");
		interrupt_check();
		if (errno == ECONNRESET)
			return 0;
	}
	said[n] = 0;
	return n;
}

void peer_wait(int peer, int *gift)
{
	struct words said = { .length = 0 };
	if (!receive(peer, gift, &said))
		fail("the container's first process is gone (was it killed, or out of memory?)");
	relay(&said);
}

void peer_wait_gone(int peer, void (*hear)(void *, const char *, long), void *context)
{
	struct words said = { .length = 0 };
	int none = -1;
	while (receive(peer, &none, &said)) {
		fd_close(&none);
		hear(context, said.at, said.length);
		relay(&said);
	}
}

static int listener = -1;

static void tell_peer(enum kind kind, const char *message)
{
	char said[4096] = { LAST_WORDS, (char) kind };
	size_t n = strnlen(message, sizeof said - 3);
	memcpy(said + 2, message, n);
	send(listener, said, n + 2, MSG_NOSIGNAL);
}

void peer_hears_failures(int peer)
{
	listener = peer;
	fail_to(tell_peer);
}
