#include "task/ports.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/interpolate.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <sys/random.h>
#include <sys/socket.h>

enum { FIRST = 20000, LAST = 32000 }; /* Nomad's range of dynamic ports */

struct ports_pool *ports_pool(void)
{
	struct ports_pool *p = mem(sizeof *p);
	unsigned n;

	if (getrandom(&n, sizeof n, 0) != sizeof n)
		fail_sys("getrandom");
	p->next = FIRST + (int) (n % (LAST - FIRST));
	return p;
}

static bool is_free(int port)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t) port) };
	autoclose int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fd < 0 || !bind(fd, (struct sockaddr *) &a, sizeof a);
}

static int take(struct ports_pool *p)
{
	for (int tries = 0; tries <= LAST - FIRST; tries++) {
		int port = p->next;
		p->next = port < LAST ? port + 1 : FIRST;
		if (is_free(port))
			return port;
	}
	fail("no port of %d to %d is free on this host; give the job static ones", FIRST, LAST);
}

/* The address from which this host would reach others (nothing is sent: it is an address of documentation, RFC 5737);
 * its own where it would reach none. */
static const char *host_address(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(9), .sin_addr = { htonl(0xC0000201) } };
	socklen_t length = sizeof a;
	char words[INET_ADDRSTRLEN];
	autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *) &a, sizeof a) < 0 ||
	    getsockname(fd, (struct sockaddr *) &a, &length) < 0 ||
	    !inet_ntop(AF_INET, &a.sin_addr, words, sizeof words))
		return "127.0.0.1";
	return text(words);
}

static struct pair **set(struct pair **env, const char *prefix, const char *label, const char *value)
{
	char *name = fmt("NOMAD_%s_%s", prefix, label);
	for (char *c = name; *c; c++)
		if (!isalnum((unsigned char) *c) && *c != '.')
			*c = '_';
	return names_set(env, name, value);
}

struct pair **ports_take(struct ports_pool *pool, const struct network *n)
{
	const char *ip = n && n->ports ? host_address() : NULL;
	struct pair **env = NULL;

	EACH(p, n ? n->ports : NULL) {
		long long host = (*p)->number && *(*p)->number ? (long long) *(*p)->number : take(pool);
		long long inside = (*p)->to && *(*p)->to > 0 ? (long long) *(*p)->to : host;
		const char *label = (*p)->label, *address = fmt("%s:%lld", ip, host);
		env = set(env, "IP", label, ip);
		env = set(env, "PORT", label, fmt("%lld", inside));
		env = set(env, "ADDR", label, address);
		env = set(env, "HOST_IP", label, ip);
		env = set(env, "HOST_PORT", label, fmt("%lld", host));
		env = set(env, "HOST_ADDR", label, address);
		env = set(env, "ALLOC_PORT", label, fmt("%lld", inside));
	}
	return env;
}

static void check_number(const struct port *p, const char *key, const int64_t *n, int64_t least)
{
	if (n && (*n < least || *n > 65535))
		hcl_fail(key_at(p->block, key), "port \"%s\": %s is %lld; a port is between 1 and 65535", p->label, key,
			 (long long) *n);
}

void ports_check(const struct network *n)
{
	EACH(p, n->ports) {
		if (!*(*p)->label)
			hcl_fail((*p)->block->at, "this port has no label; write port \"NAME\" { ... }");
		check_number(*p, "static", (*p)->number, 0);
		check_number(*p, "to", (*p)->to, -1);
		for (struct port **before = n->ports; before != p; before++)
			if (same((*before)->label, (*p)->label))
				hcl_fail((*p)->block->at, "port \"%s\" is there already, at %s; rename one",
					 (*p)->label, hcl_place((*before)->block->at));
	}
}
