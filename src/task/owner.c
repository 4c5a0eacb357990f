#include "task/owner.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#define NOBODYS_GROUP 65534

static gid_t group_named(const struct account_files *f, const char *group, struct position at)
{
	int64_t n;
	gid_t gid;

	if (!try_group_by_name(f, group, &gid))
		return gid;
	if (!number(group, 0, UINT32_MAX - 1, &n))
		hcl_fail(at, "unknown group \"%s\"; name one of the task's /etc/group, or give a number", group);
	return (gid_t) n;
}

static struct account user_named(const struct account_files *f, const char *user, struct position at)
{
	struct account a;
	int64_t n;

	if (!try_account_by_name(f, user, &a))
		return a;
	if (!number(user, 0, UINT32_MAX - 1, &n))
		hcl_fail(at, "unknown user \"%s\"; name one of the task's /etc/passwd, or give a number", user);
	if (!try_account_by_id(f, (uid_t) n, &a))
		return a;
	return (struct account){ .name = user, .home = "/", .uid = (uid_t) n, .gid = NOBODYS_GROUP };
}

struct account owner_named(const struct account_files *f, const char *user, struct position at)
{
	const char *colon = strchr(user, ':');
	struct account a = user_named(f, colon ? text_n(user, (size_t) (colon - user)) : user, at);

	if (!colon)
		return a;
	a.gid = group_named(f, colon + 1, at);
	a.gids = NULL;
	return a;
}

struct account owner_caller(void)
{
	autoclose int root = open_dir(AT_FDCWD, "/");
	struct account who;
	gid_t groups[512];
	int n = getgroups(512, groups);

	if (try_user_by_id(root, geteuid(), &who) < 0)
		who = (struct account){ .name = fmt("%u", geteuid()), .home = "/" };
	who.uid = geteuid();
	who.gid = getegid();
	who.gids = NULL;
	for (int i = 0; i < n; i++) {
		gid_t *g = mem(sizeof *g);
		*g = groups[i];
		who.gids = append(who.gids, g);
	}
	return who;
}

static bool in(struct id_range *const *list, int64_t id)
{
	EACH(r, list)
		if (id >= (*r)->first && id <= (*r)->last)
			return true;
	return false;
}

static void check_gid(const struct plugin *p, gid_t gid, struct position at)
{
	if (in(p->denied_gids, gid))
		hcl_fail(at,
			 "running as gid %u is disallowed by denied_host_gids; take another user, or change the agent "
			 "file",
			 gid);
}

/* A list of names means the host's accounts of these names, whatever the task's own files call them. */
static const char *denied_name(const struct agent *a, const struct account *who)
{
	autoclose int root = open_dir(AT_FDCWD, "/");
	struct account host;

	EACH(d, a->denied_users)
		if (same(*d, who->name) || (same(*d, "root") && !who->uid) ||
		    (!try_user_by_name(root, *d, &host) && host.uid == who->uid))
			return *d;
	return NULL;
}

void owner_check(const struct agent *a, const char *driver, const struct account *who, bool listed, struct position at)
{
	const struct plugin *p = same(driver, "raw_exec") ? &a->raw_exec : &a->exec;
	const char *denied = listed && contains_word(a->checked_drivers, driver) ? denied_name(a, who) : NULL;

	if (denied)
		hcl_fail(at,
			 "running as user \"%s\" is disallowed; take another one, or set \"user.denylist\" in the "
			 "agent file's client.options",
			 denied);
	if (in(p->denied_uids, who->uid))
		hcl_fail(at,
			 "running as uid %u is disallowed by denied_host_uids; take another user, or change the agent "
			 "file",
			 who->uid);
	check_gid(p, who->gid, at);
	EACH(g, who->gids)
		check_gid(p, **g, at);
}
