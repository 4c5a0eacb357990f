#include "task/driver.h"

#include "base/mem.h"
#include "base/text.h"
#include "task/caps.h"
#include "task/interpolate.h"
#include "task/value.h"

#include <string.h>

/* clang-format off */
/* Of Nomad 0.2 and 0.3, before there were artifact blocks. */
#define OF_OLD \
	{ "artifact_source", "artifact_source", KEY_TEXT(settings, artifact_source) }, \
	{ "checksum",        "checksum",        KEY_TEXT(settings, checksum) }

/* Of bivy's own, by the names that Nomad's docker driver has for them. */
#define CEILING \
	{ "ulimit",     "ulimit",     KEY_MAP(settings, ulimit) }, \
	{ "pids_limit", "pids_limit", KEY_NUMBER(settings, pids_limit) }

static const struct keys exec_keys = { .noun = "the config of an exec task", .size = sizeof(struct settings), ROWS(
	{ "command",  "command",  KEY_TEXT(settings, command) },
	{ "args",     "args",     KEY_TEXTS(settings, args) },
	{ "pid_mode", "pid_mode", KEY_TEXT(settings, pid_mode) },
	{ "ipc_mode", "ipc_mode", KEY_TEXT(settings, ipc_mode) },
	{ "cap_add",  "cap_add",  KEY_TEXTS(settings, cap_add) },
	{ "cap_drop", "cap_drop", KEY_TEXTS(settings, cap_drop) },
	{ "work_dir", "work_dir", KEY_TEXT(settings, work_dir) },
	{ "init",     "init",     KEY_FLAG(settings, init) },
	{ "shm_size", "shm_size", KEY_NUMBER(settings, shm_size) },
	CEILING,
	OF_OLD) };

static const struct keys raw_exec_keys = { .noun = "the config of a raw_exec task", .size = sizeof(struct settings), ROWS(
	{ "command",            "command",            KEY_TEXT(settings, command) },
	{ "args",               "args",               KEY_TEXTS(settings, args) },
	{ "work_dir",           "work_dir",           KEY_TEXT(settings, work_dir) },
	{ "oom_score_adj",      "oom_score_adj",      KEY_NUMBER(settings, oom_score_adj) },
	{ "denied_envvars",     "denied_envvars",     KEY_TEXTS(settings, denied_envvars) },
	CEILING,
	OF_OLD,
	{ "cgroup_v2_override", "cgroup_v2_override", KEY_TEXT(settings, cgroup_v2) },
	{ "cgroup_v1_override", "cgroup_v1_override", NO_KEY }) };	/* a block, or a list of maps: cgroup_v1 reads it */
/* clang-format on */

/* All of them at once: who mistakes one key for another often mistakes several. */
static void refuse_unknown(const struct block *config, const struct keys *keys, const struct keys *others)
{
	const char **known = NULL, **unknown = NULL;
	struct position first = { 0 };

	for (const struct key *k = keys->rows; k->hcl; k++)
		known = append(known, k->hcl);
	EACH(a, config->attributes)
		if (!contains_word(known, (*a)->name)) {
			const char *meant = nearest(known, (*a)->name);
			first = unknown ? first : (*a)->at;
			unknown =
				append(unknown, fmt(meant ? "\"%s\" (is \"%s\" meant?)" : "\"%s\"", (*a)->name, meant));
		}
	EACH(b, config->blocks)
		if (!contains_word(known, (*b)->type)) {
			first = unknown ? first : (*b)->at;
			unknown = append(unknown, fmt("\"%s\"", (*b)->type));
		}
	if (!unknown)
		return;
	for (const struct key *k = others->rows; k->hcl && !unknown[1]; k++)
		if (hcl_attribute(config, k->hcl) && !contains_word(known, k->hcl))
			hcl_fail(first, "%s has no key %s, which is one of %s; remove it", keys->noun, unknown[0],
				 others->noun);
	hcl_fail(first, "%s has no key %s; remove it. Known are %s", keys->noun, join(unknown, ", "),
		 join(known, ", "));
}

static const char *mode(const struct settings *s, const char *key, const char *said, const char *otherwise)
{
	if (!said || !*said)
		return otherwise;
	if (!same(said, "private") && !same(said, "host"))
		hcl_fail(key_at(s->block, key), "%s must be \"private\" or \"host\", not \"%s\"%s", key, said,
			 strcasecmp(said, "private") && strcasecmp(said, "host") ? "" : "; capitals count");
	return said;
}

static uint64_t caps(const struct settings *s, const char *key, const char **names)
{
	const char *unknown;
	uint64_t mask = caps_mask(names, &unknown);
	if (unknown)
		hcl_fail(key_at(s->block, key), "%s: this system has no such capabilities: %s", key, unknown);
	return mask;
}

static uint64_t capabilities(const struct settings *s, const struct plugin *p)
{
	const char *denied;
	uint64_t added = caps(s, "cap_add", s->cap_add), dropped = caps(s, "cap_drop", s->cap_drop);
	uint64_t granted = caps_granted(p->allowed, added, dropped, &denied);
	if (denied)
		hcl_fail(key_at(s->block, "cap_add"),
			 "driver does not allow the following capabilities: %s; allow_caps of plugin \"exec\" in the "
			 "agent file (--client) may",
			 denied);
	return granted;
}

static struct pair **add_paths(struct pair **paths, const struct value *map)
{
	if (map->kind != V_OBJECT)
		hcl_fail(map->at, "cgroup_v1_override is %s; write cgroup_v1_override { CONTROLLER = \"PATH\" }",
			 value_kind(map));
	EACH(m, map->members) {
		if (!value_text((*m)->value) || strchr((*m)->key, '/'))
			hcl_fail((*m)->at, "cgroup_v1_override: %s must be a controller and its path",
				 clip((*m)->key, strlen((*m)->key)));
		paths = names_set(paths, (*m)->key, value_text((*m)->value));
	}
	return paths;
}

/* A block or several, or a list of maps: the last of each controller counts, as in Nomad. */
static struct pair **cgroup_v1(const struct block *config)
{
	const struct attribute *a = hcl_attribute(config, "cgroup_v1_override");
	struct pair **paths = NULL;

	if (a && a->value->kind == V_LIST)
		EACH(map, a->value->list)
			paths = add_paths(paths, *map);
	else if (a && a->value->kind != V_NULL)
		paths = add_paths(paths, a->value);
	EACH(b, config->blocks)
		EACH(m, (*b)->attributes)
			if (same((*b)->type, "cgroup_v1_override") && value_text((*m)->value))
				paths = names_set(paths, (*m)->name, value_text((*m)->value));
	return paths;
}

static void finish_exec(struct settings *s, const struct plugin *p)
{
	s->pid_mode = mode(s, "pid_mode", s->pid_mode, p->default_pid_mode);
	/* Among the host's processes there is nothing for it to do. */
	if (!hcl_attribute(s->block, "init"))
		s->init = !same(s->pid_mode, "host");
	s->ipc_mode = mode(s, "ipc_mode", s->ipc_mode, p->default_ipc_mode);
	s->capabilities = capabilities(s, p);
}

static void finish_raw_exec(struct settings *s, const struct plugin *p)
{
	if (s->oom_score_adj && *s->oom_score_adj < 0)
		hcl_fail(key_at(s->block, "oom_score_adj"), "oom_score_adj must not be negative; it can be 0 to 1000");
	if (s->oom_score_adj && *s->oom_score_adj > 1000)
		hcl_fail(key_at(s->block, "oom_score_adj"), "oom_score_adj is %lld; it can be 0 to 1000",
			 (long long) *s->oom_score_adj);
	if (same(s->cgroup_v2, ""))
		s->cgroup_v2 = NULL;
	EACH(d, p->denied_envvars)
		s->denied_envvars = append(s->denied_envvars, *d);
}

struct settings *settings_read(const struct block *config, struct position task, const char *driver,
			       const struct agent *agent)
{
	bool raw = same(driver, "raw_exec");
	const struct keys *keys = raw ? &raw_exec_keys : &exec_keys;
	struct reading r = { .form = FROM_JOB };

	if (!config)
		hcl_fail(task, "this task has no config; write config { command = \"...\" } in it");
	refuse_unknown(config, keys, raw ? &exec_keys : &raw_exec_keys);
	struct settings *s = keys_read(&r, config, keys);
	if (!s->command || !*s->command)
		hcl_fail(key_at(config, "command"),
			 "command is missing; write command = \"/path/to/program\" into config");
	s->cgroup_v1 = raw ? cgroup_v1(config) : NULL;
	raw ? finish_raw_exec(s, &agent->raw_exec) : finish_exec(s, &agent->exec);
	if (s->work_dir && *s->work_dir && *s->work_dir != '/')
		hcl_fail(key_at(s->block, "work_dir"),
			 "work_dir must be absolute, not the relative path \"%s\"; write \"/%s\"", s->work_dir,
			 s->work_dir);
	return s;
}
