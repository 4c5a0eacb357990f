#include "task/resolver.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define RESOLV_CONF "/etc/resolv.conf"

/* The words after `key` in all lines of the host's file, as resolv.conf(5) has them. */
static const char **host_words(const char *key)
{
	const char *whole = try_read_whole(AT_FDCWD, RESOLV_CONF), **list = NULL;

	EACH(line, split(whole ? whole : "", '\n')) {
		size_t n = strlen(key);
		if (!starts_with(*line, key) || !strchr(" \t", (*line)[n]) || !(*line)[n])
			continue;
		char *words = text(*line + n), *rest = NULL;
		for (char *w = strtok_r(words, " \t\r", &rest); w; w = strtok_r(NULL, " \t\r", &rest))
			list = append(list, w);
	}
	return list;
}

static const char **or_host(const char **said, const char *key) { return count(said) ? said : host_words(key); }

static void check_servers(const struct dns *d)
{
	unsigned char any[sizeof(struct in6_addr)];

	EACH(s, d->servers) {
		size_t n = strcspn(*s, "%"); /* fe80::1%eth0 */
		if (inet_pton(AF_INET, *s, any) != 1 && inet_pton(AF_INET6, text_n(*s, n), any) != 1)
			hcl_fail(key_at(d->block, "servers"),
				 "bad nameserver address \"%s\"; give numbers, such as \"1.1.1.1\" or "
				 "\"2606:4700::1111\"",
				 *s);
	}
}

/* What the file says.  A part that the block leaves out is the host's.  Fails at a server that is no address. */
static const char *resolver_words(const struct dns *d)
{
	struct text t = { 0 };
	const char **searches = or_host(d->searches, "search"), **options = or_host(d->options, "options");

	check_servers(d);
	EACH(s, or_host(d->servers, "nameserver"))
		text_printf(&t, "nameserver %s\n", *s);
	if (count(searches))
		text_printf(&t, "search %s\n", join(searches, " "));
	if (count(options))
		text_printf(&t, "options %s\n", join(options, " "));
	return t.at ? t.at : "";
}

static struct mount *bound(struct chroot *c, const char *on_host, const char *source, struct position at)
{
	const struct addition a = { RESOLV_CONF, on_host, "dns:", at, true };
	struct mount *m = mem(sizeof *m);

	*m = (struct mount){ .destination = chroot_bind(c, &a),
			     .type = "bind",
			     .source = source,
			     .options = split("bind,rprivate,ro,nosuid,nodev,noexec", ',') };
	return m;
}

/* The host's own, where the root has the host's link to it and not what it leads to. */
static struct mount *hosts_own(struct chroot *c)
{
	char real[PATH_MAX];
	struct stat st;
	struct way way;

	if (chroot_has(c, RESOLV_CONF, S_IFREG, &way) || same(chroot_leads(c, RESOLV_CONF), RESOLV_CONF))
		return NULL;
	if (!realpath(RESOLV_CONF, real) || stat(real, &st) < 0 || !S_ISREG(st.st_mode) ||
	    !chroot_may_hold(c, chroot_leads(c, RESOLV_CONF)))
		return NULL;
	return bound(c, real, text(real), (struct position){ 0 });
}

struct resolver resolver_plan(struct chroot *c, const struct network *n, const char *bundle)
{
	struct resolver r = { 0 };

	if (n && n->dns) {
		r.words = resolver_words(n->dns);
		r.mount = bound(c, bundle ? fmt("%s/resolv.conf", bundle) : NULL, "resolv.conf", n->dns->block->at);
	} else if (!n || !same(n->mode, "none"))
		r.mount = hosts_own(c);
	return r;
}
