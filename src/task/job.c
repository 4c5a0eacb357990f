#include "task/job.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/names.h"
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

KEYS(network, "network", ROWS(
	{ "mode",     "Mode",          KEY_TEXT(network, mode) },
	{ "port",     "DynamicPorts",  IDLE },
	{ NULL,       "ReservedPorts", IDLE },
	{ "mbits",    "MBits",         IDLE },
	{ "device",   "Device",        IDLE },
	{ NULL,       "CIDR",          IDLE },
	{ NULL,       "IP",            IDLE },
	{ "cni",      "CNI",           REFUSED(LATER) },
	{ "dns",      "DNS",           REFUSED(LATER) },
	{ "hostname", "Hostname",      REFUSED("the exec drivers have no host name of their own; remove it") }));

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
	{ "template",         "Templates",       REFUSED(LATER " and put the file into local/ by hand") },
	{ "volume_mount",     "VolumeMounts",    REFUSED(LATER " and name the host's directory in the agent file's chroot_env") },
	{ "lifecycle",        "Lifecycle",       REFUSED(LATER " and run the tasks one by one, in their order") },
	{ "dispatch_payload", "DispatchPayload", REFUSED(LATER " and put the payload into local/ by hand") },
	{ "vault",            "Vault",           REFUSED(NO_VAULT) },
	{ "secret",           "Secrets",         REFUSED(NO_VAULT) },
	{ "csi_plugin",       "CSIPluginConfig", REFUSED(LATER) },
	{ "leader",           "Leader",          IDLE },
	{ "shutdown_delay",   "ShutdownDelay",   IDLE },
	{ "restart",          "RestartPolicy",   IDLE },
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
	{ "volume",                         "Volumes",                   IDLE },
	{ "constraint",                     "Constraints",               IDLE },
	{ "affinity",                       "Affinities",                IDLE },
	{ "spread",                         "Spreads",                   IDLE },
	{ "restart",                        "RestartPolicy",             IDLE },
	{ "reschedule",                     "ReschedulePolicy",          IDLE },
	{ "disconnect",                     "Disconnect",                IDLE },
	{ "ephemeral_disk",                 "EphemeralDisk",             IDLE },
	{ "update",                         "Update",                    IDLE },
	{ "migrate",                        "Migrate",                   IDLE },
	{ "service",                        "Services",                  IDLE },
	{ "consul",                         "Consul",                    IDLE },
	{ "scaling",                        "Scaling",                   IDLE },
	{ "shutdown_delay",                 "ShutdownDelay",             IDLE },
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
	{ "type",             "Type",             NO_KEY },
	{ "priority",         "Priority",         NO_KEY },
	{ "datacenters",      "Datacenters",      NO_KEY },
	{ "node_pool",        "NodePool",         NO_KEY },
	{ "all_at_once",      "AllAtOnce",        IDLE },
	{ "constraint",       "Constraints",      IDLE },
	{ "affinity",         "Affinities",       IDLE },
	{ "spread",           "Spreads",          IDLE },
	{ "update",           "Update",           IDLE },
	{ "periodic",         "Periodic",         IDLE },
	{ "parameterized",    "ParameterizedJob", IDLE },
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

static struct job *from_hcl(struct reading *r, const char *file, const char *hcl, const char *const *vars)
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

/* What is checked is what Nomad's server checks, before any task is looked at. */

static int64_t or_else(const int64_t *n, int64_t otherwise) { return n ? *n : otherwise; }

static void check_resources(const struct asked_resources *r)
{
	int64_t memory = or_else(r->memory, 300), most = or_else(r->memory_max, 0), secrets = or_else(r->secrets, 1);

	if (r->cpu && or_else(r->cores, 0))
		hcl_fail(key_at(r->block, "cores"), "a task can ask for cpu or for cores, not for both; remove one");
	if (or_else(r->cores, 0))
		hcl_fail(key_at(r->block, "cores"), "cores: bivy reserves no cores yet; ask for cpu instead, in MHz");
	if (r->cpu && *r->cpu < 1)
		hcl_fail(key_at(r->block, "cpu"), "cpu is %lld; the least is 1", (long long) *r->cpu);
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

static void check_logs(const struct asked_logs *l)
{
	if (l->max_files && *l->max_files < 1)
		hcl_fail(key_at(l->block, "max_files"), "max_files is %lld; the least is 1", (long long) *l->max_files);
	if (l->max_file_size && *l->max_file_size < 1)
		hcl_fail(key_at(l->block, "max_file_size"), "max_file_size is %lld; the least is 1, in MiB",
			 (long long) *l->max_file_size);
}

static void check_stopping(const struct task *t)
{
	if (t->kill_signal && *t->kill_signal && signal_number(t->kill_signal) < 0)
		hcl_fail(key_at(t->block, "kill_signal"),
			 "kill_signal: there is no signal \"%s\"; it can be SIGINT, SIGTERM, SIGQUIT ...",
			 t->kill_signal);
	if (or_else(t->kill_timeout, 0) < 0)
		hcl_fail(key_at(t->block, "kill_timeout"), "kill_timeout must not be negative");
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

static void check_task(const struct task *t)
{
	check_name(t->block, "task", t->name);
	if (!t->driver || !*t->driver)
		hcl_fail(t->block->at, "task \"%s\" has no driver; write driver = \"exec\" in it", t->name);
	if (!same(t->driver, "exec") && !same(t->driver, "raw_exec"))
		hcl_fail(key_at(t->block, "driver"), "driver \"%s\": bivy has exec and raw_exec; choose one",
			 t->driver);
	if (t->resources)
		check_resources(t->resources);
	if (t->logs)
		check_logs(t->logs);
	check_stopping(t);
	EACH(a, t->artifacts)
		artifact_check(*a);
}

static void check_group(const struct group *g)
{
	check_name(g->block, "group", g->name);
	if (!g->tasks)
		hcl_fail(g->block->at, "group \"%s\" has no task; write task \"name\" { ... } in it", g->name);
	if (g->networks && g->networks[1])
		hcl_fail(g->networks[1]->block->at, "network is given twice, first at %s; join the two",
			 hcl_place(g->networks[0]->block->at));
	EACH(t, g->tasks) {
		check_task(*t);
		for (struct task **before = g->tasks; before != t; before++)
			if (same((*before)->name, (*t)->name))
				hcl_fail((*t)->block->at, "task \"%s\" is there already, at %s; rename one", (*t)->name,
					 hcl_place((*before)->block->at));
	}
}

static void check_job(const struct job *j)
{
	EACH(g, j->groups) {
		check_group(*g);
		for (struct group **before = j->groups; before != g; before++)
			if (same((*before)->name, (*g)->name))
				hcl_fail((*g)->block->at, "group \"%s\" is there already, at %s; rename one",
					 (*g)->name, hcl_place((*before)->block->at));
	}
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

struct job *job_parse(const char *file, const char *words, const char *const *vars)
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
	check_job(j);
	EACH(g, j->groups)
		if ((*g)->count && *(*g)->count > 1)
			warn("%s: count is %lld; one of them is taken", hcl_place(key_at((*g)->block, "count")),
			     (long long) *(*g)->count);
	if (r.idle)
		warn("%s: without effect on a single host: %s", file, join(r.idle, ", "));
	return j;
}
