/* config.json, described.  One row for each member that bivy understands; what the rows mean is in json/field.h, what
 * the members mean in the runtime-spec. */
#include "oci/config.h"

#include "base/mem.h"
#include "oci/names.h"

#include <stdlib.h>
#include <string.h>

/* clang-format off */
TYPE(id_mapping,
	{ "containerID", NUM(id_mapping, inside), NEED },
	{ "hostID",      NUM(id_mapping, outside), NEED },
	{ "size",        NUM(id_mapping, size), NEED });

TYPE(mount,
	{ "destination", STR(mount, destination), NEED },
	{ "type",        STR(mount, type) },
	{ "source",      STR(mount, source) },
	{ "options",     STRS(mount, options) },
	{ "uidMappings", LIST(mount, uid_mappings, id_mapping) },
	{ "gidMappings", LIST(mount, gid_mappings, id_mapping) });

TYPE(root,
	{ "path",        STR(root, path), NEED },
	{ "readonly",    BOOL(root, readonly) });

/* The process: what config.json and `exec --process` both hold. */

TYPE(console_size,
	{ "height",      NUM(console_size, height), NEED },
	{ "width",       NUM(console_size, width), NEED });

TYPE(user,
	{ "uid",            NUM(user, uid), NEED },
	{ "gid",            NUM(user, gid), NEED },
	{ "umask",          OPT(user, umask) },
	{ "additionalGids", NUMS(user, groups) });

TYPE(capability_sets,
	{ "bounding",    STRS(capability_sets, bounding) },
	{ "effective",   STRS(capability_sets, effective) },
	{ "inheritable", STRS(capability_sets, inheritable) },
	{ "permitted",   STRS(capability_sets, permitted) },
	{ "ambient",     STRS(capability_sets, ambient) });

TYPE(rlimit_entry,
	{ "type",        NAME(rlimit_entry, type, rlimit_names), NEED },
	{ "soft",        NUM(rlimit_entry, soft), NEED },
	{ "hard",        NUM(rlimit_entry, hard), NEED });

TYPE(scheduler,
	{ "policy",      NAME(scheduler, policy, sched_policy_names), NEED },
	{ "nice",        NUM(scheduler, nice) },
	{ "priority",    NUM(scheduler, priority) },
	{ "flags",       STRS(scheduler, flags) },
	{ "runtime",     NUM(scheduler, runtime) },
	{ "deadline",    NUM(scheduler, deadline) },
	{ "period",      NUM(scheduler, period) });

TYPE(io_priority,
	{ "class",       NAME(io_priority, class, io_class_names), NEED },
	{ "priority",    NUM(io_priority, priority) });

TYPE(cpu_affinity,
	{ "initial",     STR(cpu_affinity, initial) },
	{ "final",       STR(cpu_affinity, final) });

const struct type process_type = { sizeof(struct process), FIELDS(
	{ "terminal",        BOOL(process, terminal) },
	{ "consoleSize",     OBJ(process, console_size, console_size) },
	{ "user",            OBJ(process, user, user) },
	{ "args",            STRS(process, args) },
	{ "env",             STRS(process, env) },
	{ "cwd",             STR(process, cwd), NEED },
	{ "capabilities",    OBJ(process, capabilities, capability_sets) },
	{ "rlimits",         LIST(process, rlimits, rlimit_entry) },
	{ "noNewPrivileges", BOOL(process, no_new_privileges) },
	{ "apparmorProfile", STR(process, apparmor_profile) },
	{ "selinuxLabel",    STR(process, selinux_label) },
	{ "oomScoreAdj",     OPT(process, oom_score_adj) },
	{ "scheduler",       OBJ(process, scheduler, scheduler) },
	{ "ioPriority",      OBJ(process, io_priority, io_priority) },
	{ "execCPUAffinity", OBJ(process, cpu_affinity, cpu_affinity) }) };

TYPE(hook,
	{ "path",        STR(hook, path), NEED },
	{ "args",        STRS(hook, args) },
	{ "env",         STRS(hook, env) },
	{ "timeout",     OPT(hook, timeout) });

TYPE(hooks,
	{ "prestart",        LIST(hooks, prestart, hook) },
	{ "createRuntime",   LIST(hooks, create_runtime, hook) },
	{ "createContainer", LIST(hooks, create_container, hook) },
	{ "startContainer",  LIST(hooks, start_container, hook) },
	{ "poststart",       LIST(hooks, poststart, hook) },
	{ "poststop",        LIST(hooks, poststop, hook) });

/* Resources: what config.json and `update --resources` both hold. */

TYPE(device_rule,
	{ "allow",       BOOL(device_rule, allow), NEED },
	{ "type",        NAME(device_rule, kind, device_kind_names) },
	{ "major",       OPT(device_rule, major) },
	{ "minor",       OPT(device_rule, minor) },
	{ "access",      STR(device_rule, access) });

TYPE(memory,
	{ "limit",             OPT(memory, limit) },
	{ "reservation",       OPT(memory, reservation) },
	{ "swap",              OPT(memory, swap) },
	{ "kernel",            OPT(memory, kernel) },
	{ "kernelTCP",         OPT(memory, kernel_tcp) },
	{ "swappiness",        OPT(memory, swappiness) },
	{ "disableOOMKiller",  BOOL(memory, disable_oom_killer) },
	{ "useHierarchy",      BOOL(memory, use_hierarchy) },
	{ "checkBeforeUpdate", BOOL(memory, check_before_update) });

TYPE(cpu,
	{ "shares",          OPT(cpu, shares) },
	{ "quota",           OPT(cpu, quota) },
	{ "period",          OPT(cpu, period) },
	{ "burst",           OPT(cpu, burst) },
	{ "realtimeRuntime", OPT(cpu, realtime_runtime) },
	{ "realtimePeriod",  OPT(cpu, realtime_period) },
	{ "cpus",            STR(cpu, cpus) },
	{ "mems",            STR(cpu, mems) },
	{ "idle",            OPT(cpu, idle) });

TYPE(pids,           { "limit", OPT(pids, limit) });
TYPE(hugepage_limit, { "pageSize", STR(hugepage_limit, page_size), NEED }, { "limit", NUM(hugepage_limit, limit), NEED });
TYPE(rdma_limit,     { "hcaHandles", OPT(rdma_limit, handles) }, { "hcaObjects", OPT(rdma_limit, objects) });
TYPE(net_priority,   { "name", STR(net_priority, name), NEED }, { "priority", NUM(net_priority, priority), NEED });
TYPE(network_class,  { "classID", OPT(network_class, class_id) }, { "priorities", LIST(network_class, priorities, net_priority) });

TYPE(weight_device,
	{ "major",       NUM(weight_device, major), NEED },
	{ "minor",       NUM(weight_device, minor), NEED },
	{ "weight",      OPT(weight_device, weight) },
	{ "leafWeight",  OPT(weight_device, leaf_weight) });

TYPE(throttle_device,
	{ "major",       NUM(throttle_device, major), NEED },
	{ "minor",       NUM(throttle_device, minor), NEED },
	{ "rate",        NUM(throttle_device, rate) });

TYPE(block_io,
	{ "weight",                  OPT(block_io, weight) },
	{ "leafWeight",              OPT(block_io, leaf_weight) },
	{ "weightDevice",            LIST(block_io, weight_devices, weight_device) },
	{ "throttleReadBpsDevice",   LIST(block_io, read_bps, throttle_device) },
	{ "throttleWriteBpsDevice",  LIST(block_io, write_bps, throttle_device) },
	{ "throttleReadIOPSDevice",  LIST(block_io, read_iops, throttle_device) },
	{ "throttleWriteIOPSDevice", LIST(block_io, write_iops, throttle_device) });

const struct type resources_type = { sizeof(struct resources), FIELDS(
	{ "devices",        LIST(resources, devices, device_rule) },
	{ "memory",         OBJ(resources, memory, memory) },
	{ "cpu",            OBJ(resources, cpu, cpu) },
	{ "pids",           OBJ(resources, pids, pids) },
	{ "blockIO",        OBJ(resources, block_io, block_io) },
	{ "network",        OBJ(resources, network, network_class) },
	{ "hugepageLimits", LIST(resources, hugepages, hugepage_limit) },
	{ "rdma",           DICT(resources, rdma, rdma_limit) },
	{ "unified",        MAP(resources, unified) }) };

/* Linux */

TYPE(seccomp_arg,
	{ "index",       NUM(seccomp_arg, index), NEED },
	{ "value",       NUM(seccomp_arg, value), NEED },
	{ "valueTwo",    NUM(seccomp_arg, value_two) },
	{ "op",          NAME(seccomp_arg, op, seccomp_op_names), NEED });

TYPE(seccomp_rule,
	{ "names",       STRS(seccomp_rule, names), NEED },
	{ "action",      NAME(seccomp_rule, action, seccomp_action_names), NEED },
	{ "errnoRet",    OPT(seccomp_rule, errno_ret) },
	{ "args",        LIST(seccomp_rule, args, seccomp_arg) });

const struct type seccomp_type = { sizeof(struct seccomp), FIELDS(
	{ "defaultAction",    NAME(seccomp, default_action, seccomp_action_names), NEED },
	{ "defaultErrnoRet",  OPT(seccomp, default_errno) },
	{ "architectures",    STRS(seccomp, architectures) },
	{ "flags",            STRS(seccomp, flags) },
	{ "listenerPath",     STR(seccomp, listener_path) },
	{ "listenerMetadata", STR(seccomp, listener_metadata) },
	{ "syscalls",         LIST(seccomp, rules, seccomp_rule) }) };

TYPE(namespace,
	{ "type",        NAME(namespace, flag, namespace_names), NEED },
	{ "path",        STR(namespace, path) });

TYPE(device,
	{ "type",        NAME(device, kind, device_kind_names), NEED },
	{ "path",        STR(device, path), NEED },
	{ "major",       NUM(device, major) },
	{ "minor",       NUM(device, minor) },
	{ "fileMode",    OPT(device, mode) },
	{ "uid",         OPT(device, uid) },
	{ "gid",         OPT(device, gid) });

TYPE(net_device,    { "name", STR(net_device, name) });
TYPE(time_offset,   { "secs", NUM(time_offset, secs) }, { "nanosecs", NUM(time_offset, nanosecs) });
TYPE(personality,   { "domain", NAME(personality, domain, personality_names), NEED }, { "flags", STRS(personality, flags) });
TYPE(memory_policy, { "mode", NAME(memory_policy, mode, memory_mode_names), NEED }, { "nodes", STR(memory_policy, nodes) },
		    { "flags", STRS(memory_policy, flags) });
TYPE(intel_rdt,     { "closID", STR(intel_rdt, clos_id) }, { "l3CacheSchema", STR(intel_rdt, l3_schema) },
		    { "memBwSchema", STR(intel_rdt, memory_schema) }, { "schemata", STRS(intel_rdt, schemata) },
		    { "enableMonitoring", BOOL(intel_rdt, monitoring) });

TYPE(linux_part,
	{ "namespaces",        LIST(linux_part, namespaces, namespace) },
	{ "uidMappings",       LIST(linux_part, uid_mappings, id_mapping) },
	{ "gidMappings",       LIST(linux_part, gid_mappings, id_mapping) },
	{ "devices",           LIST(linux_part, devices, device) },
	{ "netDevices",        DICT(linux_part, net_devices, net_device) },
	{ "sysctl",            MAP(linux_part, sysctl) },
	{ "resources",         OBJ(linux_part, resources, resources) },
	{ "seccomp",           OBJ(linux_part, seccomp, seccomp) },
	{ "cgroupsPath",       STR(linux_part, cgroups_path) },
	{ "mountLabel",        STR(linux_part, mount_label) },
	{ "maskedPaths",       STRS(linux_part, masked_paths) },
	{ "readonlyPaths",     STRS(linux_part, readonly_paths) },
	{ "rootfsPropagation", NAME(linux_part, propagation, propagation_names) },
	{ "timeOffsets",       DICT(linux_part, time_offsets, time_offset) },
	{ "personality",       OBJ(linux_part, personality, personality) },
	{ "memoryPolicy",      OBJ(linux_part, memory_policy, memory_policy) },
	{ "intelRdt",          OBJ(linux_part, intel_rdt, intel_rdt) });

const struct type config_type = { sizeof(struct config), FIELDS(
	{ "ociVersion",  STR(config, version), NEED },
	{ "root",        OBJ(config, root, root) },
	{ "process",     OBJ(config, process, process) },
	{ "hostname",    STR(config, hostname) },
	{ "domainname",  STR(config, domainname) },
	{ "mounts",      LIST(config, mounts, mount) },
	{ "hooks",       OBJ(config, hooks, hooks) },
	{ "linux",       OBJ(config, linux_part, linux_part) },
	{ "annotations", MAP(config, annotations) }) };
/* clang-format on */

struct config *config_parse(const char *name, const char *json)
{
	struct config *c = json_read(name, json, &config_type);
	if (!c->linux_part)
		c->linux_part = mem(sizeof *c->linux_part);
	if (!c->linux_part->resources)
		c->linux_part->resources = mem(sizeof *c->linux_part->resources);
	if (c->process && !c->process->user)
		c->process->user = mem(sizeof *c->process->user);
	return c;
}

const struct namespace *config_namespace(const struct config *c, int flag)
{
	EACH(n, c->linux_part->namespaces)
		if ((*n)->flag == flag)
			return *n;
	return NULL;
}

bool config_has_new(const struct config *c, int flag)
{
	const struct namespace *n = config_namespace(c, flag);
	return n && !n->path;
}

const char *env_value(const char *const *env, const char *name)
{
	size_t n = strlen(name);
	EACH(e, env)
		if (!strncmp(*e, name, n) && (*e)[n] == '=')
			return *e + n + 1;
	return NULL;
}

static int by_name(const void *one, const void *other)
{
	const char *const *a = *(const char *const *const *) one, *const *b = *(const char *const *const *) other;
	const char *p = *a, *q = *b;
	for (; *p && *p == *q && *p != '='; p++, q++)
		;
	if (*p != *q && !((!*p || *p == '=') && (!*q || *q == '=')))
		return (*p == '=' ? 0 : (unsigned char) *p) - (*q == '=' ? 0 : (unsigned char) *q);
	return (a > b) - (a < b);
}

static bool same_variable(const char *a, const char *b)
{
	size_t n = strcspn(a, "=");
	return n == strcspn(b, "=") && !strncmp(a, b, n);
}

const char **env_once(const char *const *env)
{
	size_t n = count(env);
	const char *const **sorted = mem((n + 1) * sizeof *sorted);
	const char **kept = mem((n + 1) * sizeof *kept), **next = kept;
	bool *repeated = mem(n + 1);

	for (size_t i = 0; i < n; i++)
		sorted[i] = env + i;
	qsort(sorted, n, sizeof *sorted, by_name);
	for (size_t i = 0; i + 1 < n; i++)
		repeated[sorted[i] - env] = same_variable(*sorted[i], *sorted[i + 1]);
	for (size_t i = 0; i < n; i++)
		if (!repeated[i])
			*next++ = env[i];
	return kept;
}
