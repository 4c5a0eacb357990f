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
#include "task/ceiling.h"
#include "task/network.h"
#include "task/owner.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define EXEC_PATH "/usr/local/bin:/usr/bin:/bin"
#define MIB       ((int64_t) 1 << 20)

/* For a bundle that is not going to be written they are nowhere. */
const char *draft_task_dir(const struct draft *d) { return fmt("%s/task", d->dir ? d->dir : "/nowhere"); }
const char *draft_shared_dir(const struct draft *d) { return d->alloc ? d->alloc : "/nowhere/alloc"; }

const char *draft_host_path(void)
{
	const char *path = getenv("PATH");
	return path && *path ? path : EXEC_PATH;
}

static struct setting setting_of(const struct draft *d)
{
	struct setting s = { .job = d->job,
			     .group = d->group,
			     .task = d->task,
			     .agent = d->agent,
			     .alloc_id = d->alloc_id,
			     .index = d->index,
			     .ports = d->ports,
			     .task_dir = "/local",
			     .alloc_dir = "/alloc",
			     .secrets_dir = "/secrets",
			     .path = EXEC_PATH,
			     .cores = d->cores };
	if (d->raw) {
		s.task_dir = fmt("%s/local", draft_task_dir(d));
		s.secrets_dir = fmt("%s/secrets", draft_task_dir(d));
		s.alloc_dir = draft_shared_dir(d);
		s.path = draft_host_path();
		s.inherited = environ;
	}
	return s;
}

static struct account account_in(const struct chroot *root, const char *user, struct position at)
{
	struct account_files f = { -1, -1 };
	autoclose int host = open_dir(AT_FDCWD, "/");
	autoclose int passwd = root ? try_chroot_open(root, "/etc/passwd") : -1;
	autoclose int group = root ? try_chroot_open(root, "/etc/group") : -1;

	if (passwd >= 0)
		return owner_named(&(struct account_files){ passwd, group }, user, at);
	try_account_files(host, &f);
	autoclose int hosts_passwd = f.passwd, hosts_group = f.group;
	(void) hosts_passwd, (void) hosts_group;
	return owner_named(&f, user, at);
}

static void choose_user(struct draft *d, struct pair *const *names)
{
	struct position at = key_at(d->task->block, "user");
	const char *user = d->task->user ? interpolate(names, d->task->user, at) : "";

	if (!*user && d->raw)
		d->who = owner_caller();
	else
		d->who = account_in(d->root, *user ? user : "nobody", at);
	owner_check(d->agent, d->task->driver, &d->who, *user, at);
}

static void take_cores(struct draft *d)
{
	const struct asked_resources *r = d->task->resources;
	if (r && r->cores && *r->cores)
		d->cores = cores_take(d->free, *r->cores, key_at(r->block, "cores"));
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

/* memory is the limit, and swap adds nothing to it; with memory_max it is what is kept even when the host is short, and
 * the limit is memory_max.  The weight of a processor's share is its MHz. */
static void set_resources(struct draft *d)
{
	static const struct asked_resources nothing;
	const struct asked_resources *asked = d->task->resources ? d->task->resources : &nothing;
	int64_t memory = asked->memory ? *asked->memory : 300, most = asked->memory_max ? *asked->memory_max : 0;
	int64_t cpu = d->cores.list ? d->cores.mhz
		      : asked->cpu  ? *asked->cpu
				    : 100,
		limit = most < 0 ? -1 : (most ? most : memory) * MIB;
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
	r->cpu->cpus = d->cores.list;
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
	annotate(c, "allocId", d->alloc_id);
	if (d->raw)
		annotate(c, "rawExec", "enabled");
	else
		annotate(c, "init", d->settings->init ? "true" : "false");
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

void draft_args(struct draft *d, const char *program)
{
	/* Not found yet, which `check` may pass: what the job says then stands for it. */
	d->config->process->args = append(NULL, program ? program : d->settings->command);
	EACH(a, d->settings->args)
		d->config->process->args = append(d->config->process->args, *a);
}

struct capability_sets *draft_capabilities(uint64_t all, uint64_t held, uint64_t kept)
{
	struct capability_sets *s = mem(sizeof *s);
	*s = (struct capability_sets){ caps_names(all), caps_names(held), caps_names(kept), caps_names(held),
				       caps_names(kept) };
	return s;
}

static void set_network(struct draft *d)
{
	const struct namespace *n = network_of(d->group, d->netns, d->dir ? d->alloc_id : NULL);
	if (n)
		d->config->linux_part->namespaces = append(d->config->linux_part->namespaces, n);
}

static struct pair **both(struct pair *const *a, struct pair *const *b)
{
	struct pair **all = mem(sizeof *all);
	EACH(p, a)
		all = append(all, *p);
	EACH(p, b)
		all = append(all, *p);
	return all;
}

/* In the order that task/interpolate tells. */
static struct pair **settle_names(struct draft *d)
{
	struct setting setting = setting_of(d);
	struct pair **host = host_names(d->agent);

	d->env = task_environment(&setting, host);
	choose_user(d, both(d->env, host));
	d->env = draft_templates(d, host);
	return both(d->env, host);
}

/* The key of old comes with the references of old. */
static struct artifact **add_old(struct draft *d, struct artifact **artifacts, struct pair *const *names)
{
	struct settings *s = d->settings;
	struct position at = key_at(s->block, "artifact_source");

	if (!s->artifact_source) {
		if (s->checksum)
			hcl_fail(key_at(s->block, "checksum"),
				 "checksum belongs into the options of an artifact block");
		return artifacts;
	}
	warn("%s: artifact_source is Nomad 0.3's, and is taken; artifact { source = \"...\" } beside config is today's",
	     hcl_place(at));
	s->command = interpolate_bare(names, s->command);
	for (const char **a = s->args; a && *a; a++)
		*a = interpolate_bare(names, *a);
	return append(artifacts, artifact_of_config(at, s->artifact_source, s->checksum));
}

static void read_artifacts(struct draft *d, struct pair *const *names)
{
	const struct ground ground = { d->raw ? draft_task_dir(d) : "/", d->raw ? draft_shared_dir(d) : "/alloc",
				       d->root };
	struct artifact **all = add_old(d, d->task->artifacts, names);

	d->may_come = all && !d->present;
	if (d->may_come)
		d->deliveries = deliveries_read(all, names, &ground);
}

void draft_arrived(struct draft *d)
{
	d->may_come = false;
	d->raw ? draft_find_on_host(d) : draft_find_inside(d);
}

void draft_make(struct draft *d)
{
	d->raw = same(d->task->driver, "raw_exec");
	agent_check_driver(d->agent, d->task->driver, key_at(d->task->block, "driver"));
	d->root = d->raw ? NULL : chroot_plan(d->agent, d->dir, d->alloc);
	take_cores(d);
	struct pair **names = settle_names(d);
	d->settings = settings_read(interpolate_config(names, d->task->config), d->task->block->at, d->task->driver,
				    d->agent);
	read_artifacts(d, names);
	draft_payload(d, names);
	d->may_come |= draft_brings_command(d);
	read_stopping(d);

	d->config =
		d->raw ? config_parse("spec/raw_exec.json", spec_raw_exec) : config_parse("spec/exec.json", spec_exec);
	d->config->process->env = environment_list(d->env, &d->who, d->settings->denied_envvars);
	set_user(d);
	set_resources(d);
	set_network(d);
	d->raw ? draft_raw_exec(d) : draft_exec(d, names);
	ceiling_set(d->config, d->settings);
	set_annotations(d);
	config_check(d->config, fmt("task \"%s\"", d->task->name));
}
