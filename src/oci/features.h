/* The features document of the runtime-spec ("features.md"): what this build does, whatever the machine has. */
#pragma once
#include "json/field.h"

struct features_cgroup {
	bool v1, v2, systemd, systemd_user, rdma;
};

struct features_seccomp {
	bool enabled;
	const char **actions, **operators, **archs, **known_flags, **supported_flags;
};

struct features_toggle {
	bool enabled;
};

struct features_mounts {
	struct features_toggle *idmap;
};

struct features_rdt {
	bool enabled, schemata, monitoring;
};

struct features_memory_policy {
	const char **modes, **flags;
};

struct features_linux {
	const char **namespaces, **capabilities;
	struct features_cgroup *cgroup;
	struct features_seccomp *seccomp;
	struct features_toggle *apparmor, *selinux, *net_devices;
	struct features_rdt *intel_rdt;
	struct features_memory_policy *memory_policy;
	struct features_mounts *mounts;
};

struct features {
	const char *version_min, *version_max, **hooks, **mount_options, **unsafe_annotations;
	struct pair **annotations;
	struct features_linux *linux_part;
};

extern const struct type features_type;

/* All that the tables of config.json know.  The caller adds what the kernel and the libraries say: capabilities,
 * seccomp's architectures and flags, annotations. */
struct features *features_known(void);

const char **name_words(const struct name *); /* the words of a table */
