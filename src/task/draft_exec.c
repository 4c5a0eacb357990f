/* config.json of an exec task: its root and mounts, its privileges, its namespaces. */
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/default.h"
#include "task/caps.h"
#include "task/command.h"
#include "task/draft.h"
#include "task/resolver.h"
#include "task/runnable.h"
#include "task/volume.h"

#include <sched.h>
#include <string.h>
#include <sys/stat.h>

static void add_mount(struct config *c, const char *destination, const char *type, const char *source,
		      const char *options)
{
	struct mount *m = mem(sizeof *m);
	*m = (struct mount){ destination, type, source, split(options, ','), NULL, NULL };
	c->mounts = append(c->mounts, m);
}

static bool holds_secrets(const struct draft *d)
{
	EACH(f, d->files)
		if (starts_with((*f)->path, "secrets/"))
			return true;
	EACH(l, d->late)
		if (starts_with((*l)->placed->path, "secrets/"))
			return true;
	EACH(delivery, d->deliveries)
		if (starts_with((*delivery)->path, "secrets"))
			return true;
	return false;
}

/* The host's directories first, so that the kernel's filesystems and the task's own come over them. */
static void set_mounts(struct draft *d, struct mount *const *volumes)
{
	struct config *c = d->config;
	struct mount **standard = c->mounts;
	const struct asked_resources *r = d->task->resources;
	int64_t secrets = r && r->secrets ? *r->secrets : 1;
	bool beside = d->alloc && d->dir && same(dir_name(d->alloc), d->dir);

	c->mounts = chroot_mounts(d->root);
	EACH(m, standard)
		c->mounts = append(c->mounts, *m);
	add_mount(c, "/local", "bind", "task/local", "bind,rprivate,rw,nosuid,nodev");
	add_mount(c, "/tmp", "bind", "task/tmp", "bind,rprivate,rw,nosuid,nodev");
	add_mount(c, "/alloc", "bind", beside ? "alloc" : "../alloc", "bind,rprivate,rw,nosuid,nodev");
	/* What templates put into secrets/ of the task directory is copied into memory, and hidden by it. */
	add_mount(c, "/secrets", "tmpfs", "secrets",
		  fmt("noexec,nosuid,nodev,mode=0700,uid=%u,gid=%u,size=%lldm%s", d->who.uid, d->who.gid,
		      (long long) secrets, holds_secrets(d) ? ",tmpcopyup" : ""));
	EACH(v, volumes)
		c->mounts = append(c->mounts, *v);
}

static void set_privileges(struct draft *d)
{
	uint64_t granted = d->settings->capabilities;
	struct seccomp *filter = json_read("spec/seccomp.json", spec_seccomp, &seccomp_type);

	/* Root keeps its permitted set over an exec by itself; ambient is for everyone else (capabilities(7)). */
	d->config->process->capabilities = draft_capabilities(granted, granted, d->who.uid ? granted : 0);
	caps_widen(filter, granted);
	d->config->linux_part->seccomp = filter;
}

static bool made_by_bundle(const char *dir)
{
	const char *top = text_n(dir, 1 + strcspn(dir + 1, "/"));
	return same(top, "/local") || same(top, "/tmp") || same(top, "/alloc");
}

static void set_exec_cwd(struct draft *d)
{
	const char *dir = d->settings->work_dir, *clean;
	struct way way;
	if (!dir || !*dir)
		return;
	d->config->process->cwd = dir;
	clean = clean_path(dir);
	if (!made_by_bundle(clean) && !d->may_come && !same(clean, "/secrets") &&
	    !chroot_has(d->root, clean, S_IFDIR, &way))
		hcl_fail(key_at(d->settings->block, "work_dir"),
			 "work_dir %s: there is no directory %s in the task's root; name one that is, or one below "
			 "/local, which is made",
			 dir, way.stop);
}

static struct position command_at(const struct draft *d) { return key_at(d->settings->block, "command"); }

/* After all other mounts: what it leads to may lie in one of them. */
static void set_resolver(struct draft *d)
{
	const struct network *n = d->group->networks ? d->group->networks[0] : NULL;
	struct resolver r = resolver_plan(d->root, n, d->dir);

	d->resolver = r.words;
	if (r.mount)
		d->config->mounts = append(d->config->mounts, r.mount);
	if (n && n->hostname && *n->hostname)
		d->config->hostname = n->hostname;
}

static void drop_namespace(struct linux_part *l, int flag)
{
	struct namespace **left = NULL;
	EACH(n, l->namespaces)
		if ((*n)->flag != flag)
			left = append(left, *n);
	l->namespaces = left;
}

void draft_find_inside(struct draft *d)
{
	struct sought command = { d->settings->command, command_at(d), d->may_come,
				  env_value(d->config->process->env, "LD_LIBRARY_PATH") };

	const char *planned = runnable_planned(d->files, "/", command.command);

	if (d->dir && !planned)
		runnable_make(draft_task_dir(d), command.command);
	chroot_look_again(d->root);
	draft_args(d, planned ? fmt("/%s", planned) : command_inside(d->root, &command));
	set_exec_cwd(d);
}

void draft_exec(struct draft *d, struct pair *const *names)
{
	struct mount **volumes = volume_mounts(d->root, d->agent, d->group, d->task, names);

	draft_find_inside(d);
	set_mounts(d, volumes);
	set_resolver(d);
	set_privileges(d);
	if (same(d->settings->pid_mode, "host"))
		drop_namespace(d->config->linux_part, CLONE_NEWPID);
	if (same(d->settings->ipc_mode, "host"))
		drop_namespace(d->config->linux_part, CLONE_NEWIPC);
}
