#include "sys/sysctl.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum owner { IPC, NET, UTS, OWNERS };

/* clang-format off */
/* Which namespace a key belongs to; all others are the host's.  A name that ends with '.' stands for all below it. */
static const struct {
	const char *key;
	enum owner owner;
} owners[] = {
	{ "kernel.msgmax", IPC },          { "kernel.msgmnb", IPC },       { "kernel.msgmni", IPC },
	{ "kernel.msg_next_id", IPC },     { "kernel.sem", IPC },          { "kernel.sem_next_id", IPC },
	{ "kernel.shmall", IPC },          { "kernel.shmmax", IPC },       { "kernel.shmmni", IPC },
	{ "kernel.shm_rmid_forced", IPC }, { "kernel.shm_next_id", IPC },  { "fs.mqueue.", IPC },
	{ "net.", NET },                   { "kernel.domainname", UTS },   { "kernel.hostname", UTS },
};
/* clang-format on */

/* sysctl(8): the separator is the first of '.' and '/' that occurs; where it is the slash, a dot is part of a name.
 * `to` stands between the parts in the copy, `other` inside them. */
static char *separated(const char *key, char to, char other)
{
	char *copy = text(key), sep = key[strcspn(key, "./")];
	for (char *c = copy; *c; c++)
		if (*c == '.' || *c == '/')
			*c = *c == sep ? to : other;
	return copy;
}

static void check_form(const char *key)
{
	const char *path = separated(key, '/', '.');
	EACH(part, split(path, '/'))
		if (!**part || same(*part, ".") || same(*part, ".."))
			fail("sysctl \"%s\" is not a name: an empty part, or one of dots", key);
	if (!*key || !strchr(path, '/'))
		fail("sysctl \"%s\" is not a name such as net.ipv4.ip_forward", key);
}

static bool belongs(const char *dotted, const char *to)
{
	return ends_with(to, ".") ? starts_with(dotted, to) : same(dotted, to);
}

void sysctl_check(const char *key, bool has_ipc, bool has_net, bool has_uts)
{
	const bool has[OWNERS] = { [IPC] = has_ipc, [NET] = has_net, [UTS] = has_uts };
	const char *dotted = separated(key, '.', '/');

	check_form(key);
	for (size_t i = 0; i < sizeof owners / sizeof *owners; i++)
		if (belongs(dotted, owners[i].key) && has[owners[i].owner])
			return;
	fail("sysctl \"%s\" is not in a separate kernel namespace", key);
}

static void apply(int dir, const struct pair *s)
{
	const char *path = separated(s->key, '/', '.');
	size_t length = strlen(s->value);

	check_form(s->key);
	autoclose int fd = try_open_in_root(dir, path, O_WRONLY);
	if (fd < 0 && errno == ENOENT)
		fail("sysctl \"%s\": this kernel has none of that name", s->key);
	if (fd < 0)
		fail_sys("sysctl \"%s\"", s->key);
	/* One write of one value to one key: nothing here reads lines, so a newline in it begins no second one
	 * (CVE-2022-0811). */
	ssize_t n = write(fd, s->value, length);
	if (n < 0)
		fail_sys("sysctl \"%s\" to \"%s\"", s->key, s->value);
	if ((size_t) n != length)
		fail("sysctl \"%s\": the kernel took only a part of \"%s\"", s->key, s->value);
}

void sysctls_apply(int proc, struct pair *const *list)
{
	if (!list || !*list)
		return;
	autoclose int dir = open_dir(proc, "sys");
	EACH(s, list)
		apply(dir, *s);
}
