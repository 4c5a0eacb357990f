/* Everything that happens when a container is created, and when a process is put into one, in order.  Two processes
 * walk a list: HOST, the caller or what becomes the shim, and INIT, which becomes the program.  Beside a row whose
 * place matters stands why. */
#include "box/lists.h"

#include "box/steps.h"

/* clang-format off */
const struct step create_steps[] = {
	{ HOST, "state directory",   state_reserve },		/* claims the id: who comes second stops here */
	{ HOST, "notify socket",     ready_prepare,      has_ready },
	{ HOST, "process",           process_prepare,    has_process },	/* what is only memory: before any cgroup counts it */
	{ HOST, "init",              init_decide,        has_init },
	{ HOST, "profile or label",  labels_check,       has_labels },
	{ HOST, "seccomp",           filter_compile,     has_filter },
	{ HOST, "bivy-init",         init_copy },
	{ HOST, "start",             start_listen },
	{ HOST, "logs",              logs_open,          has_logs },
	{ HOST, "root",              root_open },		/* here, not in INIT: a user namespace may not reach the bundle */
	{ HOST, "mounts",            sources_open },
	{ HOST, "namespaces",        namespaces_open },
	{ HOST, "cgroup",            cgroup_prepare },		/* journalled before it is made; see box/journal.h */
	{ HOST, "cgroup",            cgroup_give,        has_cgroup_to_divide },
	{ HOST, "resources",         cgroup_limits },		/* before the first process can use any */
	{ HOST, "devices",           cgroup_device_rules },
	{ HOST, "intelRdt",          rdt_prepare,        has_rdt },
	{ HOST, "process",           box_spawn },		/* two processes from here */
	{ HOST, "intelRdt",          rdt_join,           has_rdt },
	{ HOST, "id mappings",       id_mappings,        has_new_user_namespace },
	{ INIT, "session",           session_begin },
	{ INIT, "logs",              logs_take,          has_logs },
	{ INIT, "cgroup",            cgroup_join },		/* still the host's view of /sys/fs/cgroup, and its ids */
	{ INIT, "namespaces",        namespaces_enter },	/* after the cgroup: a cgroup namespace begins where we are */
	{ INIT, "user namespace",    user_namespace,     has_user_namespace },
	{ INIT, "hostname",          hostname_apply,     has_hostname },
	{ INIT, "loopback",          loopback,           has_new_network },
	{ HOST, "network devices",   net_devices,        has_net_devices },	/* INIT is in its network namespace now */
	{ INIT, "root",              root_place,         has_new_mounts },
	{ INIT, "mounts",            mounts_make,        has_new_mounts },
	{ INIT, "devices",           devices_place,      has_new_mounts },
	{ INIT, "terminal",          terminal_make,      has_terminal },	/* of the container's own devpts */
	{ HOST, "console socket",    console_pass,       has_terminal },
	{ HOST, "hooks",             hooks_begin,        has_hooks },	/* a failure from here on is followed by poststop: runtime-spec */
	{ HOST, "hooks prestart",    hooks_prestart,     has_prestart },	/* mounts are there, the root is not entered yet: runtime-spec */
	{ HOST, "hooks createRuntime", hooks_create_runtime, has_create_runtime },
	{ INIT, "hooks createContainer", hooks_create_container, has_create_container },
	{ INIT, "sysctl",            sysctls,            has_sysctl },
	{ INIT, "working directory", cwd_make,           has_process_and_mounts },	/* before a read-only root */
	{ INIT, "masked paths",      masks,              has_new_mounts },	/* the host's /dev/null is still in reach */
	{ INIT, "read-only paths",   readonly_paths,     has_new_mounts },
	{ INIT, "root",              root_step_into },		/* nothing of the host can be named after this */
	{ INIT, "program",           program_look_up,    has_process },	/* create fails, not start: engines rely on it */
	{ INIT, "personality",       machine_personality, has_personality },
	{ INIT, "memory policy",     memory_policy,      has_memory_policy },	/* after the cgroup: nodes are those of its cpuset */
	{ INIT, "profile or label",  labels_prepare,     has_program_labels },
	{ INIT, "plan",              plan_make },
	{ HOST, "rlimits",           rlimits,            has_rlimits },	/* late: they would bind our own work too */
	{ INIT, "bivy-init",         init_become, .leaves = true },	/* from a sealed copy: CVE-2019-5736 */
	{ HOST, "oom score",         oom_score,          has_oom_score },
	{ HOST, "scheduler",         scheduler,          has_scheduler },	/* with a deadline there is no fork any more */
	{ HOST, "io priority",       io_priority,        has_io_priority },
	{ HOST, "pidfd socket",      pidfd_pass,         has_pidfd_socket },
	{ HOST, "state",             state_publish },		/* created from here on; nothing can fail any more but this */
	{ 0 }
};

const struct step restore_steps[] = {
	{ HOST, "criu",              criu_find },		/* before there is anything to undo */
	{ HOST, "state directory",   state_reserve },
	{ HOST, "cgroup",            cgroup_prepare },
	{ HOST, "resources",         cgroup_limits },
	{ HOST, "devices",           cgroup_device_rules },
	{ HOST, "criu",              box_restore_process },
	{ HOST, "state",             state_publish },		/* running: there is no start socket */
	{ 0 }
};

const struct step exec_steps[] = {
	{ HOST, "process",           process_prepare },
	{ HOST, "profile or label",  labels_check,       has_labels },
	{ HOST, "seccomp",           filter_compile,     has_filter },
	{ HOST, "bivy-init",         init_copy },
	{ HOST, "process",           box_spawn_into },		/* two processes from here; INIT is born in all namespaces */
	{ HOST, "intelRdt",          rdt_join,           has_rdt },
	{ INIT, "session",           session_begin },
	{ INIT, "user namespace",    user_namespace,     has_user_namespace },
	{ INIT, "root",              root_join },		/* its first process's; a namespace's own root may be the host's: --no-pivot, a chroot around us */
	{ INIT, "terminal",          terminal_make,      has_terminal },
	{ HOST, "console socket",    console_pass,       has_terminal },
	{ INIT, "program",           program_look_up },
	{ INIT, "personality",       machine_personality, has_personality },
	{ INIT, "memory policy",     memory_policy,      has_memory_policy },
	{ INIT, "profile or label",  labels_prepare,     has_program_labels },
	{ INIT, "plan",              plan_make },
	{ HOST, "rlimits",           rlimits,            has_rlimits },
	{ HOST, "oom score",         oom_score,          has_oom_score },	/* before the program runs: there is no waiting for `start` */
	{ HOST, "cpu affinity",      affinity_final,     has_final_affinity },
	{ HOST, "scheduler",         scheduler,          has_scheduler },
	{ HOST, "io priority",       io_priority,        has_io_priority },
	{ HOST, "pidfd socket",      pidfd_pass,         has_pidfd_socket },
	{ HOST, "pid file",          pid_file_write },
	{ INIT, "bivy-init",         init_become, .leaves = true },
	{ HOST, "program",           program_runs },		/* the wait for the exec itself, or its error */
	{ 0 }
};
/* clang-format on */
