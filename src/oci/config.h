/* config.json of the runtime-spec 1.3 (Linux) as C sees it.  The rows in config.c fill these structs; json/field.h says
 * what an absent member is.  Members carry the spec's meaning and units; `key` members are the name under which an
 * entry stood. */
#pragma once
#include "json/field.h"

#include <sys/types.h>

struct id_mapping {
	uint32_t inside, outside, size;
};

struct mount {
	const char *destination, *type, *source, **options;
	struct id_mapping **uid_mappings, **gid_mappings;
};

struct root {
	const char *path;
	bool readonly;
};

struct console_size {
	uint16_t height, width;
};

struct user {
	uid_t uid;
	gid_t gid;
	uint32_t *umask;
	gid_t **groups;
};

struct capability_sets {
	const char **bounding, **effective, **inheritable, **permitted, **ambient;
};

struct rlimit_entry {
	int type;
	uint64_t soft, hard;
};

struct scheduler {
	int policy;
	int32_t nice, priority;
	const char **flags;
	uint64_t runtime, deadline, period;
};

struct io_priority {
	int class;
	int32_t priority;
};

struct cpu_affinity {
	const char *initial, *final;
};

struct process {
	bool terminal, no_new_privileges;
	struct console_size *console_size;
	struct user *user;
	const char **args, **env, *cwd, *apparmor_profile, *selinux_label;
	struct capability_sets *capabilities;
	struct rlimit_entry **rlimits;
	int32_t *oom_score_adj;
	struct scheduler *scheduler;
	struct io_priority *io_priority;
	struct cpu_affinity *cpu_affinity;
};

struct hook {
	const char *path, **args, **env;
	int32_t *timeout; /* seconds */
};

struct hooks {
	struct hook **prestart, **create_runtime, **create_container, **start_container, **poststart, **poststop;
};

struct namespace
{
	int flag;         /* CLONE_NEW* */
	const char *path; /* NULL: a new one */
};

struct device {
	const char *path;
	char kind; /* 'c' 'b' 'p' */
	int64_t major, minor;
	uint32_t *mode;
	uid_t *uid;
	gid_t *gid;
};

struct device_rule {
	bool allow;
	char kind;              /* 'a' 'b' 'c'; 0 is 'a' */
	int64_t *major, *minor; /* NULL or -1: all */
	const char *access;     /* of "rwm"; NULL: all three */
};

struct net_device {
	const char *key, *name;
};

struct time_offset {
	const char *key;
	int64_t secs;
	uint32_t nanosecs;
};

struct personality {
	int64_t domain;
	const char **flags;
};

struct memory {
	int64_t *limit, *reservation, *swap, *kernel, *kernel_tcp; /* bytes; swap counts memory too; -1: no limit */
	uint64_t *swappiness;
	bool disable_oom_killer, use_hierarchy, check_before_update;
};

struct cpu {
	uint64_t *shares, *period, *burst, *realtime_period; /* microseconds but for shares */
	int64_t *quota, *realtime_runtime, *idle;
	const char *cpus, *mems;
};

struct pids {
	int64_t *limit;
};

struct hugepage_limit {
	const char *page_size;
	uint64_t limit;
};

struct rdma_limit {
	const char *key;
	uint32_t *handles, *objects;
};

struct weight_device {
	int64_t major, minor;
	uint16_t *weight, *leaf_weight;
};

struct throttle_device {
	int64_t major, minor;
	uint64_t rate;
};

struct block_io {
	uint16_t *weight, *leaf_weight;
	struct weight_device **weight_devices;
	struct throttle_device **read_bps, **write_bps, **read_iops, **write_iops;
};

struct net_priority {
	const char *name;
	uint32_t priority;
};

struct network_class {
	uint32_t *class_id;
	struct net_priority **priorities;
};

struct resources {
	struct device_rule **devices;
	struct memory *memory;
	struct cpu *cpu;
	struct pids *pids;
	struct block_io *block_io;
	struct network_class *network;
	struct hugepage_limit **hugepages;
	struct rdma_limit **rdma;
	struct pair **unified;
};

struct seccomp_arg {
	uint32_t index;
	uint64_t value, value_two;
	int op; /* enum scmp_compare */
};

struct seccomp_rule {
	const char **names;
	uint32_t action; /* SCMP_ACT_* without its errno */
	uint32_t *errno_ret;
	struct seccomp_arg **args;
};

struct seccomp {
	uint32_t default_action;
	uint32_t *default_errno;
	const char **architectures, **flags, *listener_path, *listener_metadata;
	struct seccomp_rule **rules;
};

struct memory_policy {
	int mode; /* MPOL_* */
	const char *nodes, **flags;
};

struct intel_rdt {
	const char *clos_id, *l3_schema, *memory_schema, **schemata;
	bool monitoring;
};

struct linux_part {
	struct namespace **namespaces;
	struct id_mapping **uid_mappings, **gid_mappings;
	struct device **devices;
	struct net_device **net_devices;
	struct pair **sysctl;
	struct resources *resources;
	struct seccomp *seccomp;
	const char *cgroups_path, *mount_label, **masked_paths, **readonly_paths;
	int64_t propagation; /* MS_* flags; 0: unset */
	struct time_offset **time_offsets;
	struct personality *personality;
	struct memory_policy *memory_policy;
	struct intel_rdt *intel_rdt;
};

struct config {
	const char *version, *hostname, *domainname;
	struct root *root;
	struct process *process;
	struct mount **mounts;
	struct hooks *hooks;
	struct linux_part *linux_part;
	struct pair **annotations;
};

extern const struct type config_type, process_type, resources_type, seccomp_type;

/* name: the document, for errors.  Never NULL parts that the code would have to ask for again: `linux`
 * and its `resources` are there, empty when the document has none. */
struct config *config_parse(const char *name, const char *json);

/* Whether the configuration has a namespace of that kind; its path is NULL when a new one is asked for. */
const struct namespace *config_namespace(const struct config *, int flag);
bool config_has_new(const struct config *, int flag);

/* The value of a variable in an environment list such as process.env; NULL: not there. */
const char *env_value(const char *const *env, const char *name);

/* The list without what it repeats: of a variable that is set twice the last one counts, as with runc and crun, where
 * getenv(3) would take the first. */
const char **env_once(const char *const *env);
