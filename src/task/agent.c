#include "task/agent.h"

#include "base/mem.h"
#include "base/text.h"
#include "task/caps.h"
#include "task/value.h"
#include "json/field.h"

#include <string.h>
#include <unistd.h>

/* The file as it stands; struct agent is what follows from it. */
struct said_client {
	const struct block *block;
	const char *node_class, *node_pool;
	const char *reservable_cores;
	struct member **chroot_env, **options, **meta;
	struct host_volume **volumes;
	struct allowance *artifact;
	int64_t *max_kill_timeout;
};

struct said_plugin {
	const struct block *block;
	const char *name;
	const struct block *config;
};

struct said_agent {
	const struct block *block;
	const char *name, *datacenter, *region, *data_dir;
	struct said_client *client;
	struct said_plugin **plugins;
};

struct said_exec {
	const struct block *block;
	const char *default_pid_mode, *default_ipc_mode, *denied_host_uids, *denied_host_gids;
	const char **allow_caps;
};

struct said_raw_exec {
	const struct block *block;
	bool enabled;
	const char *denied_host_uids, *denied_host_gids;
	const char **denied_envvars;
};

#define AGENTS_OWN(name)           \
	{                          \
		name, NULL, NO_KEY \
	}

/* clang-format off */
KEYS(host_volume, "host_volume", LABEL(host_volume, name), ROWS(
	{ "path",      NULL, KEY_TEXT(host_volume, path) },
	{ "read_only", NULL, KEY_FLAG(host_volume, read_only) }));

KEYS(said_client, "client", ROWS(
	{ "chroot_env",       NULL, KEY_MAP(said_client, chroot_env) },
	{ "options",          NULL, KEY_MAP(said_client, options) },
	{ "meta",             NULL, KEY_MAP(said_client, meta) },
	{ "node_class",       NULL, KEY_TEXT(said_client, node_class) },
	{ "node_pool",        NULL, KEY_TEXT(said_client, node_pool) },
	{ "max_kill_timeout", NULL, KEY_DURATION(said_client, max_kill_timeout) },
	{ "host_volume",      NULL, KEY_MANY(said_client, volumes, host_volume) },
	{ "reservable_cores", NULL, KEY_TEXT(said_client, reservable_cores) },
	{ "host_network",  NULL, IDLE }, { "reserved",       NULL, IDLE },
	{ "cgroup_parent",    NULL, IDLE }, { "artifact",      NULL, KEY_ONE(said_client, artifact, allowance) }, { "template",       NULL, IDLE },
	{ "users",            NULL, IDLE },
	AGENTS_OWN("enabled"), AGENTS_OWN("alloc_dir"), AGENTS_OWN("alloc_mounts_dir"), AGENTS_OWN("host_volumes_dir"),
	AGENTS_OWN("host_volume_plugin_dir"), AGENTS_OWN("state_dir"), AGENTS_OWN("servers"), AGENTS_OWN("server_join"),
	AGENTS_OWN("network_interface"), AGENTS_OWN("preferred_address_family"), AGENTS_OWN("network_speed"),
	AGENTS_OWN("cpu_total_compute"), AGENTS_OWN("cpu_disable_dmidecode"), AGENTS_OWN("memory_total_mb"),
	AGENTS_OWN("disk_total_mb"), AGENTS_OWN("disk_free_mb"), AGENTS_OWN("min_dynamic_port"), AGENTS_OWN("max_dynamic_port"),
	AGENTS_OWN("stats"), AGENTS_OWN("gc_interval"), AGENTS_OWN("gc_disk_usage_threshold"),
	AGENTS_OWN("gc_inode_usage_threshold"), AGENTS_OWN("gc_max_allocs"), AGENTS_OWN("gc_parallel_destroys"),
	AGENTS_OWN("gc_volumes_on_node_gc"), AGENTS_OWN("no_host_uuid"), AGENTS_OWN("disable_remote_exec"),
	AGENTS_OWN("cni_path"), AGENTS_OWN("cni_config_dir"), AGENTS_OWN("bridge_network_name"),
	AGENTS_OWN("bridge_network_subnet"), AGENTS_OWN("bridge_network_subnet_ipv6"),
	AGENTS_OWN("bridge_network_hairpin_mode"), AGENTS_OWN("nomad_service_discovery"), AGENTS_OWN("drain_on_shutdown"),
	AGENTS_OWN("bind_wildcard_default_host_network"), AGENTS_OWN("fingerprint"), AGENTS_OWN("intro_token"),
	AGENTS_OWN("log_file"), AGENTS_OWN("fuse")));

KEYS(said_plugin, "plugin", LABEL(said_plugin, name), ROWS(
	{ "config", NULL, KEY_FOUND(said_plugin, config) },
	AGENTS_OWN("args")));

KEYS(said_agent, "an agent file", ROWS(
	{ "name",       NULL, KEY_TEXT(said_agent, name) },
	{ "datacenter", NULL, KEY_TEXT(said_agent, datacenter) },
	{ "region",     NULL, KEY_TEXT(said_agent, region) },
	{ "data_dir",   NULL, KEY_TEXT(said_agent, data_dir) },
	{ "client",     NULL, KEY_ONE(said_agent, client, said_client) },
	{ "plugin",     NULL, KEY_MANY(said_agent, plugins, said_plugin) },
	AGENTS_OWN("server"), AGENTS_OWN("acl"), AGENTS_OWN("addresses"), AGENTS_OWN("advertise"), AGENTS_OWN("audit"),
	AGENTS_OWN("autopilot"), AGENTS_OWN("bind_addr"), AGENTS_OWN("consul"), AGENTS_OWN("disable_anonymous_signature"),
	AGENTS_OWN("disable_update_check"), AGENTS_OWN("enable_debug"), AGENTS_OWN("enable_syslog"), AGENTS_OWN("eventlog"),
	AGENTS_OWN("http_api_response_headers"), AGENTS_OWN("keyring"), AGENTS_OWN("leave_on_interrupt"),
	AGENTS_OWN("leave_on_terminate"), AGENTS_OWN("limits"), AGENTS_OWN("log_file"), AGENTS_OWN("log_include_location"),
	AGENTS_OWN("log_json"), AGENTS_OWN("log_level"), AGENTS_OWN("log_rotate_bytes"), AGENTS_OWN("log_rotate_duration"),
	AGENTS_OWN("log_rotate_max_files"), AGENTS_OWN("plugin_dir"), AGENTS_OWN("ports"), AGENTS_OWN("reporting"),
	AGENTS_OWN("rpc"), AGENTS_OWN("sentinel"), AGENTS_OWN("syslog_facility"), AGENTS_OWN("telemetry"), AGENTS_OWN("tls"),
	AGENTS_OWN("ui"), AGENTS_OWN("vault")));

KEYS(said_exec, "plugin \"exec\"", ROWS(
	{ "no_pivot_root",    NULL, IDLE },
	{ "default_pid_mode", NULL, KEY_TEXT(said_exec, default_pid_mode) },
	{ "default_ipc_mode", NULL, KEY_TEXT(said_exec, default_ipc_mode) },
	{ "allow_caps",       NULL, KEY_TEXTS(said_exec, allow_caps) },
	{ "denied_host_uids", NULL, KEY_TEXT(said_exec, denied_host_uids) },
	{ "denied_host_gids", NULL, KEY_TEXT(said_exec, denied_host_gids) }));

KEYS(said_raw_exec, "plugin \"raw_exec\"", ROWS(
	{ "enabled",          NULL, KEY_FLAG(said_raw_exec, enabled) },
	{ "denied_host_uids", NULL, KEY_TEXT(said_raw_exec, denied_host_uids) },
	{ "denied_host_gids", NULL, KEY_TEXT(said_raw_exec, denied_host_gids) },
	{ "denied_envvars",   NULL, KEY_TEXTS(said_raw_exec, denied_envvars) }));
/* clang-format on */

/* Nomad's list.  /run/systemd/resolve is where a resolv.conf may lead. */
static const char *const default_chroot[] = {
	"/bin", "/etc", "/lib", "/lib32", "/lib64", "/run/resolvconf", "/run/systemd/resolve", "/sbin", "/usr", NULL,
};

/* Nomad's list of what a raw_exec task does not inherit of the agent's environment. */
static const char *const default_denied[] = {
	"CONSUL_TOKEN",
	"CONSUL_HTTP_TOKEN",
	"CONSUL_HTTP_TOKEN_FILE",
	"NOMAD_TOKEN",
	"VAULT_TOKEN",
	"CONSUL_LICENSE",
	"NOMAD_LICENSE",
	"VAULT_LICENSE",
	"CONSUL_LICENSE_PATH",
	"NOMAD_LICENSE_PATH",
	"VAULT_LICENSE_PATH",
	"AWS_ACCESS_KEY_ID",
	"AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN",
	"AWS_METADATA_URL",
	"GOOGLE_APPLICATION_CREDENTIALS",
	"GOOGLE_OAUTH_ACCESS_TOKEN",
	NULL,
};

static struct pair *pair(const char *key, const char *value)
{
	struct pair *p = mem(sizeof *p);
	*p = (struct pair){ key, value };
	return p;
}

static const char *host_name(void)
{
	char name[256] = "";
	return gethostname(name, sizeof name - 1) < 0 || !*name ? "localhost" : text(name);
}

static struct agent *defaults(void)
{
	struct agent *a = mem(sizeof *a);
	*a = (struct agent){
		.name = host_name(),
		.datacenter = "dc1",
		.region = "global",
		.node_class = "",
		.node_pool = "default",
		.denied_users = split("root,Administrator", ','),
		.checked_drivers = split("exec,qemu,java", ','),
		.denied_variables = (const char **) default_denied,
		.max_kill_timeout = 30000000000,
		.artifact = allowance_of(NULL),
		.exec = { "private", "private", CAPS_DEFAULT, NULL, NULL, NULL, true },
	};
	EACH(d, default_chroot)
		a->chroot = append(a->chroot, pair(*d, *d));
	return a;
}

/* strconv.ParseBool's words for true; what is no bool at all counts as false there, and is worth a word here. */
static bool go_true(const struct member *m)
{
	static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True", NULL };
	static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False", NULL };
	const char *said = value_text(m->value);

	if (!contains_word(yes, said) && !contains_word(no, said))
		warn("%s: %s is \"%s\", which is neither true nor false; false is taken", hcl_place(m->at), m->key,
		     said);
	return contains_word(yes, said);
}

static const char **words(const struct member *m)
{
	const char **list = mem(sizeof *list);
	EACH(w, split(value_text(m->value), ','))
		list = append(list, trim(*w));
	return list;
}

static void take_option(struct agent *a, const struct member *m)
{
	if (same(m->key, "driver.raw_exec.enable"))
		a->raw_exec.enabled |= go_true(m);
	else if (same(m->key, "user.denylist") || same(m->key, "user.blacklist"))
		a->denied_users = words(m);
	else if (same(m->key, "user.checked_drivers"))
		a->checked_drivers = words(m);
	else if (same(m->key, "env.denylist") || same(m->key, "env.blacklist"))
		a->denied_variables = words(m);
	else if (same(m->key, "driver.raw_exec.no_cgroups"))
		warn("%s: %s is gone, and has no effect: a raw_exec task has a cgroup, so that nothing of it is left",
		     hcl_place(m->at), m->key);
	else if (!same(m->key, "driver.exec.enable"))
		warn("%s: the option \"%s\" has no effect here", hcl_place(m->at), m->key);
}

static void take_volumes(struct agent *a, struct host_volume **volumes)
{
	EACH(v, volumes) {
		if (!*(*v)->name)
			hcl_fail((*v)->block->at, "this host_volume has no name; write host_volume \"NAME\" { ... }");
		if (!(*v)->path || *(*v)->path != '/')
			hcl_fail((*v)->block->at,
				 "host_volume \"%s\" needs an absolute path; write path = \"/...\" in it", (*v)->name);
		EACH(other, a->volumes)
			if (same((*other)->name, (*v)->name))
				hcl_fail((*v)->block->at, "host_volume \"%s\" is there already, at %s; rename one",
					 (*v)->name, hcl_place((*other)->block->at));
		a->volumes = append(a->volumes, *v);
	}
}

static void take_client(struct agent *a, const struct said_client *c)
{
	a->node_class = c->node_class ? c->node_class : a->node_class;
	a->node_pool = c->node_pool ? c->node_pool : a->node_pool;
	a->meta = c->meta;
	a->reservable_cores = c->reservable_cores;
	if (c->max_kill_timeout)
		a->max_kill_timeout = *c->max_kill_timeout;
	if (count(c->chroot_env)) {
		a->chroot = NULL;
		a->chroot_given = true;
	}
	EACH(m, c->chroot_env) {
		const char *inside = value_text((*m)->value);
		if (*(*m)->key != '/' || *inside != '/')
			hcl_fail((*m)->at, "chroot_env: \"%s\" = \"%s\": both must be absolute paths", (*m)->key,
				 inside);
		a->chroot = append(a->chroot, pair((*m)->key, inside));
	}
	a->artifact = allowance_of(c->artifact);
	take_volumes(a, c->volumes);
	EACH(o, c->options)
		take_option(a, *o);
}

static const char *mode(const struct said_exec *e, const char *key, const char *said)
{
	if (!said || !*said)
		return "private";
	if (!same(said, "private") && !same(said, "host"))
		hcl_fail(key_at(e->block, key), "%s must be \"private\" or \"host\", not \"%s\"", key, said);
	return said;
}

/* "0,10-15": numbers of 32 bits and ranges of them, no blanks. */
static struct id_range **ranges(const struct block *b, const char *key, const char *said)
{
	struct id_range **list = NULL;
	EACH(part, split(said ? said : "", ',')) {
		struct id_range *r = mem(sizeof *r);
		const char **ends = split(*part, '-');
		size_t n = count(ends);
		if (n < 1 || n > 2 || !number(ends[0], 0, UINT32_MAX, &r->first) ||
		    !number(ends[n - 1], 0, UINT32_MAX, &r->last))
			hcl_fail(key_at(b, key),
				 "%s: \"%s\" is neither a number nor a range such as 100-200, without blanks", key,
				 *part);
		if (r->first > r->last)
			hcl_fail(key_at(b, key),
				 "%s: invalid range \"%s\": its lower bound is greater than its upper one", key, *part);
		list = append(list, r);
	}
	return list;
}

static void take_exec(struct reading *r, struct agent *a, const struct block *config)
{
	const struct said_exec *e = keys_read(r, config, &said_exec_keys);
	const char *unknown = NULL;

	a->exec.default_pid_mode = mode(e, "default_pid_mode", e->default_pid_mode);
	a->exec.default_ipc_mode = mode(e, "default_ipc_mode", e->default_ipc_mode);
	if (e->allow_caps)
		a->exec.allowed = caps_mask(e->allow_caps, &unknown);
	if (unknown)
		hcl_fail(key_at(e->block, "allow_caps"), "allow_caps: this system has no such capabilities: %s",
			 unknown);
	a->exec.denied_uids = ranges(e->block, "denied_host_uids", e->denied_host_uids);
	a->exec.denied_gids = ranges(e->block, "denied_host_gids", e->denied_host_gids);
}

static void take_raw_exec(struct reading *r, struct agent *a, const struct block *config)
{
	const struct said_raw_exec *e = keys_read(r, config, &said_raw_exec_keys);

	a->raw_exec.enabled |= e->enabled;
	a->raw_exec.denied_uids = ranges(e->block, "denied_host_uids", e->denied_host_uids);
	a->raw_exec.denied_gids = ranges(e->block, "denied_host_gids", e->denied_host_gids);
	a->raw_exec.denied_envvars = e->denied_envvars;
}

struct agent *agent_parse(const char *file, const char *hcl)
{
	struct agent *a = defaults();
	struct reading r = { .form = FROM_AGENT };

	if (!file)
		return a;
	const struct said_agent *s = keys_read(&r, hcl_read(file, hcl, HCL_AGENT, NULL), &said_agent_keys);
	a->name = s->name ? s->name : a->name;
	a->datacenter = s->datacenter ? s->datacenter : a->datacenter;
	a->region = s->region ? s->region : a->region;
	a->data_dir = s->data_dir;
	if (s->client)
		take_client(a, s->client);
	EACH(p, s->plugins) {
		if (same((*p)->name, "exec") && (*p)->config)
			take_exec(&r, a, (*p)->config);
		if (same((*p)->name, "raw_exec") && (*p)->config)
			take_raw_exec(&r, a, (*p)->config);
	}
	if (r.idle)
		warn("%s: has no effect here: %s", file, join(r.idle, ", "));
	return a;
}

void agent_check_driver(const struct agent *a, const char *driver, struct position at)
{
	if (same(driver, "raw_exec") && !a->raw_exec.enabled)
		hcl_fail(at, "raw_exec is disabled; enable it in the agent file (--client): plugin \"raw_exec\" { "
			     "config { enabled = true } }");
}
