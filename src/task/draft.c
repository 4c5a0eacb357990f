#include "task/draft.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/default.h"
#include "oci/names.h"
#include "oci/validate.h"
#include "task/caps.h"
#include "task/command.h"

#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define EXEC_PATH "/usr/local/bin:/usr/bin:/bin"
#define MIB       ((int64_t) 1 << 20)

/* What can be in force when a file names nothing, or for a bundle that is not going to be written. */
static const char *task_dir(const struct draft *d) { return fmt("%s/task", d->dir ? d->dir : "/nowhere"); }
static const char *shared_dir(const struct draft *d) { return d->alloc ? d->alloc : "/nowhere/alloc"; }

static const char *host_path(void)
{
	const char *path = getenv("PATH");
	return path && *path ? path : EXEC_PATH;
}

static struct setting setting_of(const struct draft *d)
{
	struct setting s = {
		d->job, d->group, d->task, d->agent, d->alloc_id, "/local", "/alloc", "/secrets", EXEC_PATH
	};
	if (d->raw) {
		s.task_dir = fmt("%s/local", task_dir(d));
		s.secrets_dir = fmt("%s/secrets", task_dir(d));
		s.alloc_dir = shared_dir(d);
		s.path = host_path();
	}
	return s;
}

/* raw_exec without a user: the caller's own account, with a name if the host has one for it. */
static void take_caller(struct account *who)
{
	autoclose int root = open_dir(AT_FDCWD, "/");
	gid_t groups[512];
	int n = getgroups(512, groups);

	if (try_user_by_id(root, geteuid(), who) < 0)
		*who = (struct account){ .name = fmt("%u", geteuid()), .home = "/" };
	who->uid = geteuid();
	who->gid = getegid();
	who->gids = NULL;
	for (int i = 0; i < n; i++) {
		gid_t *g = mem(sizeof *g);
		*g = groups[i];
		who->gids = append(who->gids, g);
	}
}

static void choose_user(struct draft *d, struct pair *const *names)
{
	struct position at = key_at(d->task->block, "user");
	const char *user = d->task->user ? interpolate(names, d->task->user, at) : "";
	const struct plugin *plugin = d->raw ? &d->agent->raw_exec : &d->agent->exec;
	autoclose int root = open_dir(AT_FDCWD, "/");
	int64_t ignored;

	if (!*user && d->raw)
		take_caller(&d->who);
	else if (try_user_by_name(root, *user ? user : "nobody", &d->who) < 0)
		hcl_fail(at, "unknown user \"%s\"; %s", *user ? user : "nobody",
			 number(user, 0, INT64_MAX, &ignored) ? "a task names a user by name, not by number"
							      : "name one of the host's /etc/passwd, or add it there");
	agent_check_user(d->agent, d->task->driver, d->who.name, at);
	agent_check_ids(plugin, d->who.uid, d->who.gid, d->who.gids, at);
}

/* Nomad caps it without a word. */
static void read_stopping(struct draft *d)
{
	const char *signal = d->task->kill_signal;
	d->kill_signal = signal_number(signal && *signal ? signal : "SIGINT");
	d->kill_timeout = d->task->kill_timeout ? *d->task->kill_timeout : 5000000000;
	if (d->kill_timeout <= d->agent->max_kill_timeout)
		return;
	d->kill_timeout = d->agent->max_kill_timeout;
	warn("%s: kill_timeout is longer than the agent's max_kill_timeout, and becomes %gs",
	     hcl_place(key_at(d->task->block, "kill_timeout")), (double) d->kill_timeout / 1e9);
}

/* ---- config.json: the template, and what the settings make of it ---- */

#define OPTION(to, n) (*((to) = mem(sizeof *(to))) = (__typeof__(*(to))) (n))

static const struct namespace *new_namespace(int flag)
{
	struct namespace *n = mem(sizeof *n);
	n->flag = flag;
	return n;
}

static void drop_namespace(struct linux_part *l, int flag)
{
	struct namespace **left = NULL;
	EACH(n, l->namespaces)
		if ((*n)->flag != flag)
			left = append(left, *n);
	l->namespaces = left;
}

static void set_network(struct draft *d)
{
	const struct network *n = d->group->networks ? d->group->networks[0] : NULL;

	if (!n || !n->mode || !*n->mode || same(n->mode, "host"))
		return;
	struct position at = key_at(n->block, "mode");
	if (!same(n->mode, "none"))
		hcl_fail(at, "network mode \"%s\": bivy has \"host\" and \"none\" so far; choose one", n->mode);
	if (d->raw)
		hcl_fail(at, "network mode \"none\": a raw_exec task has the host's network; take driver exec, or mode "
			     "\"host\"");
	d->config->linux_part->namespaces = append(d->config->linux_part->namespaces, new_namespace(CLONE_NEWNET));
}

/* memory is the limit, and swap adds nothing to it; with memory_max it is what is kept even when the host is short, and
 * the limit is memory_max.  The weight of a processor's share is its MHz. */
static void set_resources(struct draft *d)
{
	static const struct asked_resources nothing;
	const struct asked_resources *asked = d->task->resources ? d->task->resources : &nothing;
	int64_t memory = asked->memory ? *asked->memory : 300, most = asked->memory_max ? *asked->memory_max : 0;
	int64_t cpu = asked->cpu ? *asked->cpu : 100, limit = most < 0 ? -1 : (most ? most : memory) * MIB;
	struct resources *r = d->config->linux_part->resources;

	r->memory = mem(sizeof *r->memory);
	OPTION(r->memory->limit, limit);
	OPTION(r->memory->swap, limit);
	if (most)
		OPTION(r->memory->reservation, memory * MIB);
	if (cpu < 2)
		warn("%s: cpu is %lld; the kernel's least share is 2, and is taken",
		     hcl_place(key_at(asked->block, "cpu")), (long long) cpu);
	r->cpu = mem(sizeof *r->cpu);
	OPTION(r->cpu->shares, cpu < 2 ? 2 : cpu);
}

static void annotate(struct config *c, const char *key, const char *value)
{
	struct pair *pair = mem(sizeof *pair);
	*pair = (struct pair){ fmt("org.bivy.%s", key), value };
	c->annotations = append(c->annotations, pair);
}

static void set_annotations(const struct draft *d)
{
	const struct asked_logs *l = d->task->logs;
	struct config *c = d->config;

	annotate(c, "driver", d->task->driver);
	annotate(c, "job", d->job->id);
	annotate(c, "group", d->group->name);
	annotate(c, "task", d->task->name);
	annotate(c, "killSignal", signal_name(d->kill_signal));
	annotate(c, "killTimeout", fmt("%lld", (long long) (d->kill_timeout / 1000000)));
	annotate(c, "logs.disabled", l && l->disabled ? "true" : "false");
	annotate(c, "logs.maxFiles", fmt("%lld", (long long) (l && l->max_files ? *l->max_files : 10)));
	annotate(c, "logs.maxFileSize",
		 fmt("%lld", (long long) (l && l->max_file_size ? *l->max_file_size : 10) * (long long) MIB));
}

static void set_user(struct draft *d)
{
	struct user *u = mem(sizeof *u);
	*u = (struct user){ .uid = d->who.uid, .gid = d->who.gid, .groups = d->who.gids };
	OPTION(u->umask, 022);
	d->config->process->user = u;
}

static void set_args(struct draft *d, const char *program)
{
	/* Not found yet, which `check` may pass: what the job says then stands for it. */
	d->config->process->args = append(NULL, program ? program : d->settings->command);
	EACH(a, d->settings->args)
		d->config->process->args = append(d->config->process->args, *a);
}

/* ---- exec ---- */

static void add_mount(struct config *c, const char *destination, const char *type, const char *source,
		      const char *options)
{
	struct mount *m = mem(sizeof *m);
	*m = (struct mount){ destination, type, source, split(options, ','), NULL, NULL };
	c->mounts = append(c->mounts, m);
}

/* The host's directories first, so that the kernel's filesystems and the task's own come over them. */
static void set_mounts(struct draft *d)
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
	add_mount(c, "/secrets", "tmpfs", "secrets",
		  fmt("noexec,nosuid,nodev,mode=0700,uid=%u,gid=%u,size=%lldm", d->who.uid, d->who.gid,
		      (long long) secrets));
}

static struct capability_sets *sets(uint64_t all, uint64_t held, uint64_t kept)
{
	struct capability_sets *s = mem(sizeof *s);
	*s = (struct capability_sets){ caps_names(all), caps_names(held), caps_names(kept), caps_names(held),
				       caps_names(kept) };
	return s;
}

static void set_privileges(struct draft *d)
{
	uint64_t granted = d->settings->capabilities;
	struct seccomp *filter = json_read("spec/seccomp.json", spec_seccomp, &seccomp_type);

	/* Root keeps its permitted set over an exec by itself; ambient is for everyone else (capabilities(7)). */
	d->config->process->capabilities = sets(granted, granted, d->who.uid ? granted : 0);
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

static void finish_exec(struct draft *d)
{
	struct sought command = { d->settings->command, command_at(d), d->may_come };

	d->root = chroot_plan(d->agent, d->dir, d->alloc);
	set_args(d, command_inside(d->root, &command));
	set_exec_cwd(d);
	set_mounts(d);
	set_privileges(d);
	if (same(d->settings->pid_mode, "host"))
		drop_namespace(d->config->linux_part, CLONE_NEWPID);
	if (same(d->settings->ipc_mode, "host"))
		drop_namespace(d->config->linux_part, CLONE_NEWIPC);
}

/* ---- raw_exec ---- */

static void set_raw_cwd(struct draft *d)
{
	const char *dir = d->settings->work_dir;
	struct stat st;

	d->config->process->cwd = task_dir(d);
	if (!dir || !*dir)
		return;
	d->config->process->cwd = dir;
	if (!d->may_come && (stat(dir, &st) < 0 || !S_ISDIR(st.st_mode)))
		hcl_fail(key_at(d->settings->block, "work_dir"),
			 "work_dir %s: there is no such directory on this host; make it", dir);
}

static void finish_raw_exec(struct draft *d)
{
	struct sought command = { d->settings->command, command_at(d), d->may_come };
	uint64_t bound = caps_bound();

	set_args(d, command_on_host(d->dir ? task_dir(d) : NULL, host_path(), &command));
	set_raw_cwd(d);
	if (d->settings->oom_score_adj)
		OPTION(d->config->process->oom_score_adj, *d->settings->oom_score_adj);
	if (!geteuid())
		d->config->process->capabilities = sets(bound, d->who.uid ? 0 : bound, 0);
}

void draft_make(struct draft *d)
{
	d->raw = same(d->task->driver, "raw_exec");
	agent_check_driver(d->agent, d->task->driver, key_at(d->task->block, "driver"));

	struct setting setting = setting_of(d);
	struct pair **host = host_names(d->agent);
	struct pair **env = task_environment(&setting, host), **names = env;
	EACH(h, host)
		names = append(names, *h);
	d->settings = settings_read(interpolate_config(names, d->task->config), d->task->block->at, d->task->driver,
				    d->agent);
	choose_user(d, names);
	read_stopping(d);

	d->config =
		d->raw ? config_parse("spec/raw_exec.json", spec_raw_exec) : config_parse("spec/exec.json", spec_exec);
	d->config->process->env = environment_list(env, &d->who, d->settings->denied_envvars);
	set_user(d);
	set_resources(d);
	set_network(d);
	d->raw ? finish_raw_exec(d) : finish_exec(d);
	set_annotations(d);
	config_check(d->config, fmt("task \"%s\"", d->task->name));
}
