#include "oci/features.h"

#include "base/mem.h"
#include "base/text.h"
#include "oci/mountopt.h"
#include "oci/names.h"
#include "oci/status.h"
#include "oci/validate.h"

/* clang-format off */
TYPE(features_cgroup,
	{ "v1",          BOOL(features_cgroup, v1), NEED },
	{ "v2",          BOOL(features_cgroup, v2), NEED },
	{ "systemd",     BOOL(features_cgroup, systemd), NEED },
	{ "systemdUser", BOOL(features_cgroup, systemd_user), NEED },
	{ "rdma",        BOOL(features_cgroup, rdma), NEED });

TYPE(features_seccomp,
	{ "enabled",        BOOL(features_seccomp, enabled), NEED },
	{ "actions",        STRS(features_seccomp, actions) },
	{ "operators",      STRS(features_seccomp, operators) },
	{ "archs",          STRS(features_seccomp, archs) },
	{ "knownFlags",     STRS(features_seccomp, known_flags) },
	{ "supportedFlags", STRS(features_seccomp, supported_flags) });

TYPE(features_toggle, { "enabled", BOOL(features_toggle, enabled), NEED });
TYPE(features_mounts, { "idmap", OBJ(features_mounts, idmap, features_toggle) });

TYPE(features_rdt,
	{ "enabled",    BOOL(features_rdt, enabled), NEED },
	{ "schemata",   BOOL(features_rdt, schemata), NEED },
	{ "monitoring", BOOL(features_rdt, monitoring), NEED });

TYPE(features_memory_policy,
	{ "modes", STRS(features_memory_policy, modes) },
	{ "flags", STRS(features_memory_policy, flags) });

TYPE(features_linux,
	{ "namespaces",      STRS(features_linux, namespaces) },
	{ "capabilities",    STRS(features_linux, capabilities) },
	{ "cgroup",          OBJ(features_linux, cgroup, features_cgroup) },
	{ "seccomp",         OBJ(features_linux, seccomp, features_seccomp) },
	{ "apparmor",        OBJ(features_linux, apparmor, features_toggle) },
	{ "selinux",         OBJ(features_linux, selinux, features_toggle) },
	{ "intelRdt",        OBJ(features_linux, intel_rdt, features_rdt) },
	{ "memoryPolicy",    OBJ(features_linux, memory_policy, features_memory_policy) },
	{ "mountExtensions", OBJ(features_linux, mounts, features_mounts) },
	{ "netDevices",      OBJ(features_linux, net_devices, features_toggle) });

const struct type features_type = { sizeof(struct features), FIELDS(
	{ "ociVersionMin", STR(features, version_min), NEED },
	{ "ociVersionMax", STR(features, version_max), NEED },
	{ "hooks",         STRS(features, hooks) },
	{ "mountOptions",  STRS(features, mount_options) },
	{ "linux",         OBJ(features, linux_part, features_linux) },
	{ "annotations",   MAP(features, annotations) },
	{ "potentiallyUnsafeConfigAnnotations", STRS(features, unsafe_annotations) }) };
/* clang-format on */

const char **name_words(const struct name *names)
{
	const char **words = NULL;
	for (; names->word; names++)
		words = append(words, names->word);
	return words;
}

static struct features_toggle *toggle(bool enabled)
{
	struct features_toggle *t = mem(sizeof *t);
	t->enabled = enabled;
	return t;
}

static struct features_linux *linux_known(const char *const *mount_options)
{
	struct features_linux *l = mem(sizeof *l);

	l->namespaces = name_words(namespace_names);
	l->cgroup = mem(sizeof *l->cgroup);
	*l->cgroup = (struct features_cgroup){ .v1 = true, .v2 = true, .rdma = true };
	l->seccomp = mem(sizeof *l->seccomp);
	*l->seccomp = (struct features_seccomp){
		.enabled = true,
		.actions = name_words(seccomp_action_names),
		.operators = name_words(seccomp_op_names),
	};
	l->apparmor = toggle(true);
	l->selinux = toggle(true);
	l->intel_rdt = mem(sizeof *l->intel_rdt);
	*l->intel_rdt = (struct features_rdt){ .enabled = true, .schemata = true, .monitoring = true };
	l->memory_policy = mem(sizeof *l->memory_policy);
	*l->memory_policy = (struct features_memory_policy){
		.modes = name_words(memory_mode_names),
		.flags = name_words(memory_flag_names),
	};
	l->net_devices = toggle(true);
	l->mounts = mem(sizeof *l->mounts);
	l->mounts->idmap = toggle(contains_word(mount_options, "idmap"));
	return l;
}

struct features *features_known(void)
{
	static const char *hooks[] = {
		"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop", NULL
	};
	struct features *f = mem(sizeof *f);

	*f = (struct features){
		.version_min = "1.0.0",
		.version_max = SPEC_VERSION,
		.hooks = hooks,
		.mount_options = mount_option_words(),
	};
	f->linux_part = linux_known(f->mount_options);
	return f;
}
