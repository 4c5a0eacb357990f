/* Whether a job makes sense, as far as its file alone tells: what Nomad's server checks before any task is placed. */
#include "base/mem.h"
#include "base/text.h"
#include "oci/names.h"
#include "task/job.h"
#include "task/ports.h"
#include "task/value.h"

#include <string.h>

#define SECOND ((int64_t) 1000000000)

static int64_t or_else(const int64_t *n, int64_t otherwise) { return n ? *n : otherwise; }

static void refuse_negative(const struct block *b, const char *key, const int64_t *n)
{
	if (or_else(n, 0) < 0)
		hcl_fail(key_at(b, key), "%s must not be negative", key);
}

static void check_memory(const struct asked_resources *r)
{
	int64_t memory = or_else(r->memory, 300), most = or_else(r->memory_max, 0), secrets = or_else(r->secrets, 1);

	if (memory < 10)
		hcl_fail(key_at(r->block, "memory"), "memory is %lld; the least is 10, in MiB", (long long) memory);
	if (memory > INT64_MAX >> 21 || most > INT64_MAX >> 21)
		hcl_fail(key_at(r->block, memory > most ? "memory" : "memory_max"),
			 "so much memory no machine has; it is in MiB");
	if (most && most != -1 && most < memory)
		hcl_fail(key_at(r->block, "memory_max"),
			 "memory_max (%lld) must be larger than memory (%lld), or -1 for no limit", (long long) most,
			 (long long) memory);
	if (secrets < 1 || secrets > memory)
		hcl_fail(key_at(r->block, "secrets"),
			 "secrets (%lld MiB) must be at least 1 and no more than memory (%lld MiB)",
			 (long long) secrets, (long long) memory);
}

static void check_resources(const struct asked_resources *r)
{
	if (r->cpu && or_else(r->cores, 0))
		hcl_fail(key_at(r->block, "cores"), "a task can ask for cpu or for cores, not for both; remove one");
	refuse_negative(r->block, "cores", r->cores);
	if (r->cpu && *r->cpu < 1)
		hcl_fail(key_at(r->block, "cpu"), "cpu is %lld; the least is 1", (long long) *r->cpu);
	check_memory(r);
}

static void check_logs(const struct asked_logs *l)
{
	if (l->max_files && *l->max_files < 1)
		hcl_fail(key_at(l->block, "max_files"), "max_files is %lld; the least is 1", (long long) *l->max_files);
	if (l->max_file_size && (*l->max_file_size < 1 || *l->max_file_size > INT64_MAX >> 21))
		hcl_fail(key_at(l->block, "max_file_size"), "max_file_size is %lld; the least is 1, in MiB",
			 (long long) *l->max_file_size);
}

static void check_stopping(const struct task *t)
{
	if (t->kill_signal && *t->kill_signal && signal_number(t->kill_signal) < 0)
		hcl_fail(key_at(t->block, "kill_signal"),
			 "kill_signal: there is no signal \"%s\"; it can be SIGINT, SIGTERM, SIGQUIT ...",
			 t->kill_signal);
	refuse_negative(t->block, "kill_timeout", t->kill_timeout);
	refuse_negative(t->block, "shutdown_delay", t->shutdown_delay);
}

static void check_lifecycle(const struct lifecycle *l)
{
	static const char *const hooks[] = { "prestart", "poststart", "poststop", NULL };

	if (!l->hook || !*l->hook)
		hcl_fail(l->block->at, "lifecycle has no hook; write hook = \"prestart\", \"poststart\" or "
				       "\"poststop\" in it");
	if (!contains_word(hooks, l->hook))
		hcl_fail(key_at(l->block, "hook"),
			 "lifecycle hook \"%s\" is unknown; it can be prestart, poststart or poststop", l->hook);
	if (l->sidecar && same(l->hook, "poststop"))
		hcl_fail(key_at(l->block, "sidecar"),
			 "a poststop task runs when all others have ended, and cannot be a sidecar; remove sidecar");
}

/* All attempts with their delays must fit into the interval, else it could never be used up. */
static void check_restart(const struct restart *r, const char *type)
{
	struct restart_policy p = job_restart_policy(type, r);

	refuse_negative(r->block, "attempts", r->attempts);
	refuse_negative(r->block, "delay", r->delay);
	if (!same(p.mode, "fail") && !same(p.mode, "delay"))
		hcl_fail(key_at(r->block, "mode"), "restart mode \"%s\" is unknown; it can be fail or delay", p.mode);
	if (!p.attempts && same(p.mode, "delay"))
		hcl_fail(key_at(r->block, "attempts"), "restart mode \"delay\" with 0 attempts says nothing; take mode "
						       "\"fail\", or at least one attempt");
	if (p.attempts && p.interval < 5 * SECOND)
		hcl_fail(key_at(r->block, "interval"), "restart interval is %gs; the least is 5s",
			 (double) p.interval / (double) SECOND);
	if (p.attempts && p.delay > p.interval / p.attempts)
		hcl_fail(key_at(r->block, "attempts"),
			 "restart: %lld attempts with a delay of %gs do not fit into an interval of %gs; change one",
			 (long long) p.attempts, (double) p.delay / (double) SECOND,
			 (double) p.interval / (double) SECOND);
}

static void check_template(const struct template *t)
{
	bool data = t->data && *t->data, source = t->source && *t->source;

	if (data == source)
		hcl_fail(t->block->at, data ? "template has data and a source; keep one of them"
					    : "template has neither data nor a source; write data = <<EOF ... in it");
	if (!t->destination || !*t->destination)
		hcl_fail(t->block->at, "template has no destination; write destination = \"local/FILE\" in it");
}

static const struct volume *volume_named(const struct group *g, const char *name)
{
	EACH(v, g->volumes)
		if (same((*v)->name, name))
			return *v;
	return NULL;
}

static void check_mount(const struct group *g, const struct volume_mount *m)
{
	static const char *const modes[] = { "private", "host-to-task", "bidirectional", NULL };

	if (!m->volume || !*m->volume)
		hcl_fail(m->block->at, "volume_mount names no volume; write volume = \"NAME\" in it");
	if (!strstr(m->volume, "${") && !volume_named(g, m->volume))
		hcl_fail(key_at(m->block, "volume"),
			 "volume_mount: there is no volume \"%s\" in the group; write volume \"%s\" { type = \"host\"  "
			 "source = \"...\" } in it",
			 m->volume, m->volume);
	if (!m->destination || !*m->destination)
		hcl_fail(m->block->at, "volume_mount has no destination; write destination = \"/path\" in it");
	if (m->propagation_mode && *m->propagation_mode && !strstr(m->propagation_mode, "${") &&
	    !contains_word(modes, m->propagation_mode))
		hcl_fail(key_at(m->block, "propagation_mode"),
			 "propagation_mode \"%s\" is unknown; it can be private, host-to-task or bidirectional",
			 m->propagation_mode);
}

static void check_volume(const struct volume *v)
{
	if (!*v->name)
		hcl_fail(v->block->at, "this volume has no name; write volume \"NAME\" { ... }");
	if (v->type && *v->type && !same(v->type, "host"))
		hcl_fail(key_at(v->block, "type"),
			 "volume type \"%s\": bivy has no plugins to ask for it; mount it on the host, name it in "
			 "the agent file (host_volume), and take type \"host\"",
			 v->type);
	if (!v->source || !*v->source)
		hcl_fail(v->block->at,
			 "volume \"%s\" has no source; write source = \"NAME\" of a host_volume of the agent file",
			 v->name);
}

/* Names are directories of the bundle. */
static void check_name(const struct block *b, const char *noun, const char *name)
{
	if (!name || !*name)
		hcl_fail(b->at, "this %s has no name; write %s \"name\" { ... }", noun, noun);
	if (strpbrk(name, "/\\"))
		hcl_fail(b->at, "%s \"%s\": a name cannot have slashes; take another one", noun, name);
	if (same(name, ".") || same(name, ".."))
		hcl_fail(b->at, "%s \"%s\": this is no name; take another one", noun, name);
	if (strlen(name) > 200)
		hcl_fail(b->at, "%s %s: more than 200 bytes are no name; take a shorter one", noun,
			 clip(name, strlen(name)));
	if (same(name, "alloc"))
		hcl_fail(b->at, "%s \"alloc\": this name is the shared directory's; take another one", noun);
}

static void check_driver(const struct task *t)
{
	if (!t->driver || !*t->driver)
		hcl_fail(t->block->at, "task \"%s\" has no driver; write driver = \"exec\" in it", t->name);
	if (!same(t->driver, "exec") && !same(t->driver, "raw_exec"))
		hcl_fail(key_at(t->block, "driver"), "driver \"%s\": bivy has exec and raw_exec; choose one",
			 t->driver);
	if (t->mounts && same(t->driver, "raw_exec"))
		hcl_fail(t->mounts[0]->block->at,
			 "task driver \"raw_exec\" for \"%s\" does not support host volumes; the task sees the host's "
			 "own directories, name one of them",
			 t->name);
}

static void check_task(const struct job *j, const struct group *g, const struct task *t)
{
	check_name(t->block, "task", t->name);
	check_driver(t);
	if (t->resources)
		check_resources(t->resources);
	if (t->logs)
		check_logs(t->logs);
	check_stopping(t);
	if (t->lifecycle)
		check_lifecycle(t->lifecycle);
	if (t->restart)
		check_restart(t->restart, j->type);
	if (t->payload && (!t->payload->file || !*t->payload->file))
		hcl_fail(t->payload->block->at, "dispatch_payload has no file; write file = \"NAME\" in it");
	EACH(x, t->templates)
		check_template(*x);
	EACH(m, t->mounts)
		check_mount(g, *m);
	EACH(a, t->artifacts)
		artifact_check(*a);
}

static void check_count(const struct job *j, const struct group *g)
{
	int64_t count = or_else(g->count, 1);

	refuse_negative(g->block, "count", g->count);
	if (count > 1 && (same(j->type, "system") || same(j->type, "sysbatch")))
		hcl_fail(key_at(g->block, "count"), "count is %lld; a %s job has at most one of a group on each host",
			 (long long) count, j->type);
	if (count > 1000)
		hcl_fail(key_at(g->block, "count"), "count is %lld; on one host 1000 are enough", (long long) count);
}

/* What its tasks may not have in common. */
static void check_together(const struct group *g)
{
	const struct task *leader = NULL;

	EACH(t, g->tasks) {
		if ((*t)->leader && leader)
			hcl_fail(key_at((*t)->block, "leader"),
				 "only one task may be marked as leader, and \"%s\" is; remove one", leader->name);
		leader = (*t)->leader ? *t : leader;
		for (struct task **before = g->tasks; before != t; before++)
			if (same((*before)->name, (*t)->name))
				hcl_fail((*t)->block->at, "task \"%s\" is there already, at %s; rename one", (*t)->name,
					 hcl_place((*before)->block->at));
	}
}

static void check_group(const struct job *j, const struct group *g)
{
	check_name(g->block, "group", g->name);
	if (!g->tasks)
		hcl_fail(g->block->at, "group \"%s\" has no task; write task \"name\" { ... } in it", g->name);
	if (g->networks && g->networks[1])
		hcl_fail(g->networks[1]->block->at, "network is given twice, first at %s; join the two",
			 hcl_place(g->networks[0]->block->at));
	EACH(n, g->networks)
		ports_check(*n);
	check_count(j, g);
	refuse_negative(g->block, "shutdown_delay", g->shutdown_delay);
	if (g->restart)
		check_restart(g->restart, j->type);
	EACH(v, g->volumes)
		check_volume(*v);
	EACH(t, g->tasks)
		check_task(j, g, *t);
	check_together(g);
}

/* Both would be in one directory: the allocations of "web" are web.0, web.1 ... */
static void check_names(const struct group *g, const struct group *other)
{
	size_t n = strlen(g->name);
	int64_t index, count = or_else(g->count, 1);

	if (same(other->name, g->name))
		hcl_fail(other->block->at, "group \"%s\" is there already, at %s; rename one", g->name,
			 hcl_place(g->block->at));
	if (count > 1 && starts_with(other->name, g->name) && other->name[n] == '.' &&
	    number(other->name + n + 1, 0, count - 1, &index))
		hcl_fail(other->block->at, "group \"%s\" is called like an allocation of group \"%s\"; rename one",
			 other->name, g->name);
}

void job_check(const struct job *j)
{
	static const char *const types[] = { "service", "batch", "system", "sysbatch", NULL };

	if (j->type && *j->type && !contains_word(types, j->type))
		hcl_fail(key_at(j->block, "type"),
			 "job type \"%s\" is unknown; it can be service, batch, system or sysbatch", j->type);
	EACH(g, j->groups) {
		check_group(j, *g);
		EACH(other, j->groups)
			if (*other != *g)
				check_names(*g, *other);
	}
}
