#include "task/job.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/nomadjson.h"
#include "task/value.h"

#include <string.h>

#define LATER    "bivy does not do this yet; remove it"
#define NO_VAULT "bivy talks to no Vault; put the secret into a file of the task directory or into env, and remove it"

/* clang-format off */
KEYS(asked_resources, "resources", ROWS(
	{ "cpu",        "CPU",         KEY_NUMBER(asked_resources, cpu) },
	{ "cores",      "Cores",       KEY_NUMBER(asked_resources, cores) },
	{ "memory",     "MemoryMB",    KEY_NUMBER(asked_resources, memory) },
	{ "memory_max", "MemoryMaxMB", KEY_NUMBER(asked_resources, memory_max) },
	{ "secrets",    "SecretsMB",   KEY_NUMBER(asked_resources, secrets) },
	{ "disk",       "DiskMB",      IDLE },
	{ "iops",       "IOPS",        IDLE },
	{ "network",    "Networks",    IDLE },
	{ "device",     "Devices",     IDLE },	/* there is no device plugin to ask */
	{ "numa",       "NUMA",        IDLE }));

KEYS(asked_logs, "logs", ROWS(
	{ "max_files",     "MaxFiles",      KEY_NUMBER(asked_logs, max_files) },
	{ "max_file_size", "MaxFileSizeMB", KEY_NUMBER(asked_logs, max_file_size) },
	{ "disabled",      "Disabled",      KEY_FLAG(asked_logs, disabled) },
	{ "enabled",       "Enabled",       NO_KEY }));

KEYS(dns, "dns", ROWS(
	{ "servers",  "Servers",  KEY_TEXTS(dns, servers) },
	{ "searches", "Searches", KEY_TEXTS(dns, searches) },
	{ "options",  "Options",  KEY_TEXTS(dns, options) }));

KEYS(restart, "restart", ROWS(
	{ "attempts",         "Attempts",        KEY_NUMBER(restart, attempts) },
	{ "interval",         "Interval",        KEY_DURATION(restart, interval) },
	{ "delay",            "Delay",           KEY_DURATION(restart, delay) },
	{ "mode",             "Mode",            KEY_TEXT(restart, mode) },
	{ "render_templates", "RenderTemplates", NO_KEY }));

KEYS(lifecycle, "lifecycle", ROWS(
	{ "hook",    "Hook",    KEY_TEXT(lifecycle, hook) },
	{ "sidecar", "Sidecar", KEY_FLAG(lifecycle, sidecar) }));

KEYS(volume, "volume", LABEL(volume, name), .label_json = "Name", ROWS(
	{ "type",            "Type",           KEY_TEXT(volume, type) },
	{ "source",          "Source",         KEY_TEXT(volume, source) },
	{ "read_only",       "ReadOnly",       KEY_FLAG(volume, read_only) },
	{ "sticky",          "Sticky",         IDLE },
	{ "access_mode",     "AccessMode",     IDLE },
	{ "attachment_mode", "AttachmentMode", IDLE },
	{ "mount_options",   "MountOptions",   IDLE },
	{ "per_alloc",       "PerAlloc",       IDLE }));

KEYS(volume_mount, "volume_mount", ROWS(
	{ "volume",           "Volume",          KEY_TEXT(volume_mount, volume) },
	{ "destination",      "Destination",     KEY_TEXT(volume_mount, destination) },
	{ "read_only",        "ReadOnly",        KEY_FLAG(volume_mount, read_only) },
	{ "propagation_mode", "PropagationMode", KEY_TEXT(volume_mount, propagation_mode) },
	{ "selinux_label",    "SELinuxLabel",    IDLE }));

KEYS(template, "template", ROWS(
	{ "data",            "EmbeddedTmpl", KEY_TEXT(template, data) },
	{ "source",          "SourcePath",   KEY_TEXT(template, source) },
	{ "destination",     "DestPath",     KEY_TEXT(template, destination) },
	{ "perms",           "Perms",        KEY_TEXT(template, perms) },
	{ "uid",             "Uid",          KEY_NUMBER(template, uid) },
	{ "gid",             "Gid",          KEY_NUMBER(template, gid) },
	{ "env",             "Envvars",      KEY_FLAG(template, env) },
	{ "left_delimiter",  "LeftDelim",    KEY_TEXT(template, left_delimiter) },
	{ "right_delimiter", "RightDelim",   KEY_TEXT(template, right_delimiter) },
	{ "change_mode",     "ChangeMode",   NO_KEY },	/* literal data does not change */
	{ "change_signal",   "ChangeSignal", NO_KEY },
	{ "change_script",   "ChangeScript", NO_KEY },
	{ "once",            "Once",         NO_KEY },
	{ "splay",           "Splay",        NO_KEY },
	{ "vault_grace",     "VaultGrace",   NO_KEY },
	{ "wait",            "Wait",         NO_KEY },
	{ "error_on_missing_key", "ErrMissingKey", NO_KEY }));

KEYS(dispatch_payload, "dispatch_payload", ROWS(
	{ "file", "File", KEY_TEXT(dispatch_payload, file) }));

KEYS(port, "port", LABEL(port, label), .label_json = "Label", ROWS(
	{ "static",           "Value",           KEY_NUMBER(port, number) },
	{ "to",               "To",              KEY_NUMBER(port, to) },
	{ "host_network",     "HostNetwork",     NO_KEY },
	{ "ignore_collision", "IgnoreCollision", NO_KEY }));

KEYS(network, "network", ROWS(
	{ "mode",     "Mode",          KEY_TEXT(network, mode) },
	{ "port",     "DynamicPorts",  KEY_MANY(network, ports, port) },
	{ NULL,       "ReservedPorts", KEY_MANY(network, ports, port) },
	{ "mbits",    "MBits",         IDLE },
	{ "device",   "Device",        IDLE },
	{ NULL,       "CIDR",          IDLE },
	{ NULL,       "IP",            IDLE },
	{ "cni",      "CNI",           IDLE },
	{ "dns",      "DNS",           KEY_ONE(network, dns, dns) },
	{ "hostname", "Hostname",      KEY_TEXT(network, hostname) }));

KEYS(parameterized, "parameterized", ROWS(
	{ "payload",       "Payload",      KEY_TEXT(parameterized, payload) },
	{ "meta_required", "MetaRequired", KEY_TEXTS(parameterized, meta_required) },
	{ "meta_optional", "MetaOptional", KEY_TEXTS(parameterized, meta_optional) }));

#define ARTIFACTS(T, m) .how = AS_MANY, .at = OF_TYPE(T, m, struct artifact **), .of = &artifact_keys

KEYS(task, "task", LABEL(task, name), .label_json = "Name", ROWS(
	{ "driver",           "Driver",          KEY_TEXT(task, driver) },
	{ "user",             "User",            KEY_TEXT(task, user) },
	{ "config",           "Config",          KEY_FOUND(task, config) },
	{ "env",              "Env",             KEY_MAP(task, env) },
	{ "meta",             "Meta",            KEY_MAP(task, meta) },
	{ "resources",        "Resources",       KEY_ONE(task, resources, asked_resources) },
	{ "logs",             "LogConfig",       KEY_ONE(task, logs, asked_logs) },
	{ "artifact",         "Artifacts",       ARTIFACTS(task, artifacts) },
	{ "kill_signal",      "KillSignal",      KEY_TEXT(task, kill_signal) },
	{ "kill_timeout",     "KillTimeout",     KEY_DURATION(task, kill_timeout) },
	{ "template",         "Templates",       KEY_MANY(task, templates, template) },
	{ "volume_mount",     "VolumeMounts",    KEY_MANY(task, mounts, volume_mount) },
	{ "lifecycle",        "Lifecycle",       KEY_ONE(task, lifecycle, lifecycle) },
	{ "dispatch_payload", "DispatchPayload", KEY_ONE(task, payload, dispatch_payload) },
	{ "vault",            "Vault",           REFUSED(NO_VAULT) },
	{ "secret",           "Secrets",         REFUSED(NO_VAULT) },
	{ "csi_plugin",       "CSIPluginConfig", REFUSED(LATER) },
	{ "leader",           "Leader",          KEY_FLAG(task, leader) },
	{ "shutdown_delay",   "ShutdownDelay",   KEY_DURATION(task, shutdown_delay) },
	{ "restart",          "RestartPolicy",   KEY_ONE(task, restart, restart) },
	{ "constraint",       "Constraints",     IDLE },
	{ "affinity",         "Affinities",      IDLE },
	{ "service",          "Services",        IDLE },
	{ "consul",           "Consul",          IDLE },
	{ "identity",         "Identities",      IDLE },
	{ NULL,               "Identity",        IDLE },
	{ "kind",             "Kind",            IDLE },
	{ "scaling",          "ScalingPolicies", IDLE },
	{ "action",           "Actions",         IDLE },
	{ "schedule",         "Schedule",        IDLE }));

KEYS(group, "group", LABEL(group, name), .label_json = "Name", ROWS(
	{ "task",                           "Tasks",                     KEY_MANY(group, tasks, task) },
	{ "count",                          "Count",                     KEY_NUMBER(group, count) },
	{ "network",                        "Networks",                  KEY_MANY(group, networks, network) },
	{ "meta",                           "Meta",                      KEY_MAP(group, meta) },
	{ "vault",                          "Vault",                     REFUSED(NO_VAULT) },
	{ "volume",                         "Volumes",                   KEY_MANY(group, volumes, volume) },
	{ "constraint",                     "Constraints",               IDLE },
	{ "affinity",                       "Affinities",                IDLE },
	{ "spread",                         "Spreads",                   IDLE },
	{ "restart",                        "RestartPolicy",             KEY_ONE(group, restart, restart) },
	{ "reschedule",                     "ReschedulePolicy",          IDLE },
	{ "disconnect",                     "Disconnect",                IDLE },
	{ "ephemeral_disk",                 "EphemeralDisk",             IDLE },
	{ "update",                         "Update",                    IDLE },
	{ "migrate",                        "Migrate",                   IDLE },
	{ "service",                        "Services",                  IDLE },
	{ "consul",                         "Consul",                    IDLE },
	{ "scaling",                        "Scaling",                   IDLE },
	{ "shutdown_delay",                 "ShutdownDelay",             KEY_DURATION(group, shutdown_delay) },
	{ "max_run_duration",               "MaxRunDuration",            IDLE },
	{ "max_client_disconnect",          "MaxClientDisconnect",       IDLE },
	{ "stop_after_client_disconnect",   "StopAfterClientDisconnect", IDLE },
	{ "prevent_reschedule_on_lost",     "PreventRescheduleOnLost",   IDLE }));

static const char *const server_fields[] = {
	"Stop", "ParentID", "Dispatched", "DispatchIdempotencyToken", "Payload", "NomadTokenID", "Status", "StatusDescription", "Stable",
	"Version", "SubmitTime", "CreateIndex", "ModifyIndex", "JobModifyIndex", "VersionTag", NULL,
};

KEYS(job, "job", LABEL(job, id), .label_json = "ID", .json_only = server_fields, ROWS(
	{ "name",             "Name",             KEY_TEXT(job, name) },
	{ "region",           "Region",           KEY_TEXT(job, region) },
	{ "namespace",        "Namespace",        KEY_TEXT(job, namespace) },
	{ "meta",             "Meta",             KEY_MAP(job, meta) },
	{ "group",            "TaskGroups",       KEY_MANY(job, groups, group) },
	{ "task",             NULL,               KEY_MANY(job, lone, task) },
	{ "id",               NULL,               NO_KEY },
	{ "type",             "Type",             KEY_TEXT(job, type) },
	{ "priority",         "Priority",         NO_KEY },
	{ "datacenters",      "Datacenters",      NO_KEY },
	{ "node_pool",        "NodePool",         NO_KEY },
	{ "all_at_once",      "AllAtOnce",        IDLE },
	{ "constraint",       "Constraints",      IDLE },
	{ "affinity",         "Affinities",       IDLE },
	{ "spread",           "Spreads",          IDLE },
	{ "update",           "Update",           IDLE },
	{ "periodic",         "Periodic",         IDLE },
	{ "parameterized",    "ParameterizedJob", KEY_ONE(job, parameterized, parameterized) },
	{ "reschedule",       "Reschedule",       IDLE },
	{ "migrate",          "Migrate",          IDLE },
	{ "multiregion",      "Multiregion",      IDLE },
	{ "consul",           "Consul",           IDLE },
	{ "consul_token",     NULL,               IDLE },
	{ "consul_namespace", "ConsulNamespace",  IDLE },
	{ "ui",               "UI",               IDLE },
	{ "vault",            NULL,               REFUSED(NO_VAULT) },
	{ "vault_token",      NULL,               REFUSED(NO_VAULT) },
	{ "vault_namespace",  "VaultNamespace",   REFUSED(NO_VAULT) }));

/* The file itself, of any form. */
struct file {
	const struct block *block;
	struct job *job;
	struct group **groups;
	struct task **tasks;
	const struct block *config;
};

KEYS(file, "a job file", ROWS(
	{ "job",    "Job",    KEY_ONE(file, job, job) },
	{ "group",  NULL,     KEY_MANY(file, groups, group) },
	{ "task",   NULL,     KEY_MANY(file, tasks, task) },
	{ "config", NULL,     KEY_FOUND(file, config) }));
/* clang-format on */

bool is_json(const char *s)
{
	if (starts_with(s, "\xEF\xBB\xBF"))
		s += 3;
	return s[strspn(s, " \t\r\n")] == '{';
}

/* A fragment has no name but its file's. */
static const char *stem(const char *file)
{
	const char *name = base_name(file), *dot = strrchr(name, '.');
	return dot && dot != name ? text_n(name, (size_t) (dot - name)) : name;
}

static struct group *own_group(struct task *t)
{
	struct group *g = mem(sizeof *g);
	*g = (struct group){ .block = t->block, .name = t->name };
	g->tasks = append(NULL, t);
	return g;
}

static struct task *lone_config(const char *file, const struct block *config)
{
	struct task *t = mem(sizeof *t);
	*t = (struct task){ .block = config, .name = stem(file), .driver = "exec", .config = config };
	return t;
}

static struct job *from_fragment(const char *file, const struct file *f)
{
	struct job *j = mem(sizeof *j);

	j->block = f->block;
	j->groups = f->groups;
	j->lone = f->tasks;
	if (f->config)
		j->lone = append(j->lone, lone_config(file, f->config));
	j->id = j->groups ? j->groups[0]->name : j->lone ? j->lone[0]->name : NULL;
	return j;
}

static void only_one_form(const struct file *f)
{
	const struct block *other = f->groups ? f->groups[0]->block : f->tasks ? f->tasks[0]->block : f->config;
	if ((f->job || f->groups || f->tasks) && f->config)
		hcl_fail(f->config->at, "config stands alone or in a task; move it into the task");
	if (f->job && other)
		hcl_fail(other->at, "%s stands beside the job; move it into the job", other->type);
}

static struct job *from_hcl(struct reading *r, const char *file, const char *hcl, const struct given_variables *vars)
{
	r->form = FROM_JOB;
	const struct file *f = keys_read(r, hcl_read(file, hcl, HCL_JOB, vars), &file_keys);
	only_one_form(f);
	return f->job ? f->job : from_fragment(file, f);
}

static struct job *from_json(struct reading *r, const char *file, const char *json)
{
	r->form = FROM_JSON;
	const struct value *v = json_value(file, json), *inner = value_get(v, "Job");
	if (value_get(v, "job"))
		hcl_fail(v->at,
			 "this is HCL written as JSON, which bivy does not read; use HCL, or `nomad job run -output`");
	if (inner && inner->kind == V_OBJECT)
		v = inner;
	return keys_read(r, block_of(v, "job"), &job_keys);
}

static bool ends_well(const char *type) { return same(type, "batch") || same(type, "sysbatch"); }

bool job_is_service(const struct job *j) { return !ends_well(j->type); }

struct restart_policy job_restart_policy(const char *type, const struct restart *r)
{
	const int64_t second = 1000000000, hour = 3600 * second;
	struct restart_policy p = { 2, hour / 2, 15 * second, "fail" };

	if (ends_well(type))
		p = (struct restart_policy){ 3, 24 * hour, 15 * second, "fail" };
	p.attempts = r->attempts ? *r->attempts : p.attempts;
	p.interval = r->interval ? *r->interval : p.interval;
	p.delay = r->delay ? *r->delay : p.delay;
	p.mode = r->mode && *r->mode ? r->mode : p.mode;
	return p;
}

/* Tasks that stand directly in the job come before the others, each as a group. */
static void give_groups(struct job *j)
{
	struct group **groups = NULL;
	EACH(t, j->lone)
		groups = append(groups, own_group(*t));
	EACH(g, j->groups)
		groups = append(groups, *g);
	j->groups = groups;
}

struct job *job_parse(const char *file, const char *words, const struct given_variables *vars)
{
	struct reading r = { 0 };
	struct job *j = is_json(words) ? from_json(&r, file, words) : from_hcl(&r, file, words, vars);

	give_groups(j);
	if (!j->groups)
		fail("%s: no job is in it; write job \"name\" { group \"name\" { task \"name\" { ... } } }", file);
	if (!j->id || !*j->id)
		hcl_fail(j->block->at, "this job has no name; write job \"name\" { ... }, or \"ID\" in JSON");
	if (!j->name || !*j->name)
		j->name = j->id;
	job_check(j);
	if (r.idle)
		warn("%s: without effect on a single host: %s", file, join(r.idle, ", "));
	return j;
}
