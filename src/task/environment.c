#include "task/environment.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/value.h"

#include <ctype.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Go's names of architectures, which is what Nomad shows. */
static const struct pair architectures[] = {
	{ "x86_64", "amd64" }, { "aarch64", "arm64" }, { "i686", "386" }, { "armv7l", "arm" }, { 0 },
};

static const char *architecture(const char *machine)
{
	for (const struct pair *a = architectures; a->key; a++)
		if (same(a->key, machine))
			return a->value;
	return text(machine);
}

/* The value of KEY= in os-release(5), unquoted. */
static const char *os_release(const char *key)
{
	const char *whole = try_read_whole(AT_FDCWD, "/etc/os-release");
	EACH(line, split(whole ? whole : "", '\n')) {
		if (!starts_with(*line, key) || (*line)[strlen(key)] != '=')
			continue;
		const char *value = *line + strlen(key) + 1;
		size_t n = strlen(value);
		return n > 1 && *value == '"' ? text_n(value + 1, n - 2) : value;
	}
	return "";
}

static const char *client_id(const struct agent *a)
{
	const char *id = a->data_dir ? try_read_whole(AT_FDCWD, fmt("%s/client/client-id", a->data_dir)) : NULL;
	return id ? trim(id) : NULL;
}

struct pair **host_names(const struct agent *a)
{
	struct utsname u;
	struct pair **names = mem(sizeof *names);
	const char *id = client_id(a);

	if (uname(&u) < 0)
		fail_sys("uname");
	const struct pair known[] = {
		{ "node.unique.name", a->name },
		{ "node.datacenter", a->datacenter },
		{ "node.region", a->region },
		{ "node.class", a->node_class },
		{ "node.pool", a->node_pool },
		{ "attr.kernel.name", "linux" },
		{ "attr.kernel.version", text(u.release) },
		{ "attr.kernel.arch", text(u.machine) },
		{ "attr.cpu.arch", architecture(u.machine) },
		{ "attr.cpu.numcores", fmt("%ld", sysconf(_SC_NPROCESSORS_ONLN)) },
		{ "attr.memory.totalbytes", fmt("%lld", (long long) sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE)) },
		{ "attr.os.name", os_release("ID") },
		{ "attr.os.version", os_release("VERSION_ID") },
		{ "attr.unique.hostname", text(u.nodename) },
		{ "attr.driver.exec", "1" },
	};
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		names = names_set(names, known[i].key, known[i].value);
	if (id)
		names = names_set(names, "node.unique.id", id);
	if (a->raw_exec.enabled)
		names = names_set(names, "attr.driver.raw_exec", "1");
	EACH(m, a->meta)
		names = names_set(names, fmt("meta.%s", (*m)->key), value_text((*m)->value));
	return names;
}

static struct pair **set_amount(struct pair **env, const char *name, const int64_t *amount, int64_t otherwise)
{
	int64_t n = amount ? *amount : otherwise;
	return n ? names_set(env, name, fmt("%lld", (long long) n)) : env;
}

/* NOMAD_META_* may not hold what no shell could name. */
static char *variable(const char *key)
{
	char *name = fmt("NOMAD_META_%s", key);
	for (char *c = name; *c; c++)
		if (!isalnum((unsigned char) *c) && *c != '.')
			*c = '_';
	return name;
}

static struct pair **set_meta(struct pair **env, struct pair **host, struct member *const *meta)
{
	struct pair **known = env;
	EACH(h, host)
		known = append(known, *h);
	EACH(m, meta) {
		const char *value = interpolate(known, value_text((*m)->value), (*m)->value->at);
		char *name = variable((*m)->key);
		env = names_set(env, text(name), value);
		for (char *c = name; *c; c++)
			*c = (char) toupper((unsigned char) *c);
		env = names_set(env, name, value);
	}
	return env;
}

static struct pair **set_own(struct pair **env, struct pair **host, struct member *const *own)
{
	struct pair **known = env;
	EACH(h, host)
		known = append(known, *h);
	EACH(m, own) {
		if (!*(*m)->key || strchr((*m)->key, '='))
			hcl_fail((*m)->at,
				 "env: \"%s\" cannot be the name of a variable; it must not be empty or hold \"=\"",
				 (*m)->key);
		env = names_set(env, (*m)->key, interpolate(known, value_text((*m)->value), (*m)->value->at));
	}
	return env;
}

static bool is_set(struct pair *const *env, const char *name)
{
	EACH(e, env)
		if (same((*e)->key, name))
			return true;
	return false;
}

/* Before env of the task, which counts more; what bivy has set counts more, too. */
static struct pair **inherit(struct pair **env, const struct setting *s)
{
	struct pair **all = env;
	EACH(variable, (const char **) s->inherited) {
		const char *equals = strchr(*variable, '=');
		const char *name = equals ? text_n(*variable, (size_t) (equals - *variable)) : "";
		if (!*name || is_set(env, name) || contains_word(s->agent->denied_variables, name))
			continue;
		all = names_set(all, name, equals + 1);
	}
	return all;
}

struct pair **task_environment(const struct setting *s, struct pair **host)
{
	static const struct asked_resources nothing;
	const struct asked_resources *asked = s->task->resources ? s->task->resources : &nothing;
	struct pair **env = mem(sizeof *env);
	const struct pair given[] = {
		{ "PATH", s->path },
		{ "NOMAD_TASK_DIR", s->task_dir },
		{ "NOMAD_ALLOC_DIR", s->alloc_dir },
		{ "NOMAD_SECRETS_DIR", s->secrets_dir },
		{ "NOMAD_ALLOC_ID", s->alloc_id },
		{ "NOMAD_SHORT_ALLOC_ID", text_n(s->alloc_id, strnlen(s->alloc_id, 8)) },
		{ "NOMAD_ALLOC_NAME", fmt("%s.%s[%d]", s->job->id, s->group->name, s->index) },
		{ "NOMAD_ALLOC_INDEX", fmt("%d", s->index) },
		{ "NOMAD_GROUP_NAME", s->group->name },
		{ "NOMAD_TASK_NAME", s->task->name },
		{ "NOMAD_JOB_ID", s->job->id },
		{ "NOMAD_JOB_NAME", s->job->name },
		{ "NOMAD_DC", s->agent->datacenter },
		{ "NOMAD_REGION", s->job->region ? s->job->region : s->agent->region },
		{ "NOMAD_NAMESPACE", s->job->namespace ? s->job->namespace : "default" },
	};
	for (size_t i = 0; i < sizeof given / sizeof *given; i++)
		env = names_set(env, given[i].key, given[i].value);
	env = set_amount(env, "NOMAD_CPU_LIMIT", asked->cpu, s->cores.list ? s->cores.mhz : 100);
	if (s->cores.list)
		env = names_set(env, "NOMAD_CPU_CORES", s->cores.list);
	env = set_amount(env, "NOMAD_MEMORY_LIMIT", asked->memory, 300);
	env = set_amount(env, "NOMAD_MEMORY_MAX_LIMIT", asked->memory_max, 0);
	EACH(p, s->ports)
		env = names_set(env, (*p)->key, (*p)->value);
	env = set_meta(env, host, s->job->meta);
	env = set_meta(env, host, s->group->meta);
	env = set_meta(env, host, s->task->meta);
	env = inherit(env, s);
	return set_own(env, host, s->task->env);
}

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *) a, *(const char *const *) b); }

static bool denied_by(const char *const *patterns, const char *name)
{
	EACH(p, patterns)
		if (!fnmatch(*p, name, 0))
			return true;
	return false;
}

const char **environment_list(struct pair *const *env, const struct account *who, const char *const *denied)
{
	struct pair **all = mem(sizeof *all);
	const char **list = NULL;

	EACH(e, env)
		all = append(all, *e);
	all = names_set(all, "USER", who->name);
	all = names_set(all, "LOGNAME", who->name);
	all = names_set(all, "HOME", who->home);
	EACH(e, all)
		if (!denied_by(denied, (*e)->key))
			list = append(list, fmt("%s=%s", (*e)->key, (*e)->value));
	if (list)
		qsort(list, count(list), sizeof *list, by_name);
	return list;
}

const char *random_uuid(void)
{
	unsigned char b[16];
	if (getrandom(b, sizeof b, 0) != sizeof b)
		fail_sys("getrandom");
	b[6] = (b[6] & 0x0f) | 0x40; /* RFC 9562: version 4 */
	b[8] = (b[8] & 0x3f) | 0x80;
	return fmt("%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2], b[3], b[4],
		   b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}
