/* The steps that box/lists.c puts in order, by the file that holds them. */
#pragma once
#include <stdbool.h>

struct box;

/* claim.c: the state directory */
void state_reserve(struct box *);
void state_publish(struct box *);
void pid_file_write(struct box *);

/* ready.c: NOTIFY_SOCKET */
void ready_prepare(struct box *);

/* pid1.c: an init of bivy's own */
bool has_init(const struct box *);
void init_decide(struct box *);

/* logging.c: the FIFOs that the program writes to */
void logs_open(struct box *);
void logs_take(struct box *);

/* prepare.c: what HOST makes ready before there is a second process */
void process_prepare(struct box *);
void filter_compile(struct box *);
void init_copy(struct box *);
void start_listen(struct box *);
void root_open(struct box *);
void sources_open(struct box *);
void namespaces_open(struct box *);
void cgroup_prepare(struct box *);
void cgroup_give(struct box *);
void cgroup_limits(struct box *);
void cgroup_device_rules(struct box *);

/* checkpoint.c: a process out of images */
void criu_find(struct box *);
void box_restore_process(struct box *);

/* spawn.c: one process becomes two */
void box_spawn(struct box *);
void box_spawn_into(struct box *);

/* inside.c: what INIT does on its way into the container */
void session_begin(struct box *);
void cgroup_join(struct box *);
void namespaces_enter(struct box *);
void user_namespace(struct box *);
void hostname_apply(struct box *);
void loopback(struct box *);
void root_join(struct box *);
void root_place(struct box *);
void mounts_make(struct box *);
void devices_place(struct box *);
void terminal_make(struct box *);
void hooks_create_container(struct box *);
void sysctls(struct box *);
void cwd_make(struct box *);
void masks(struct box *);
void readonly_paths(struct box *);
void root_step_into(struct box *);

/* payload.c: how INIT becomes the program */
void program_look_up(struct box *);
void plan_make(struct box *);
void init_become(struct box *);

/* scheduling.c: where and when the program computes */
void scheduler(struct box *);
void io_priority(struct box *);
void affinity_initial(struct box *);
void affinity_final(struct box *);
void machine_personality(struct box *);
void memory_policy(struct box *);
bool has_initial_affinity(const struct box *);
bool has_final_affinity(const struct box *);

/* labels.c: AppArmor and SELinux */
void labels_check(struct box *);
void labels_prepare(struct box *);
bool has_labels(const struct box *);
bool has_program_labels(const struct box *);

/* rdt.c: resctrl */
void rdt_prepare(struct box *);
void rdt_join(struct box *);

/* outside.c: what HOST does for INIT while it waits */
void id_mappings(struct box *);
void net_devices(struct box *);
void console_pass(struct box *);
void hooks_begin(struct box *);
void hooks_prestart(struct box *);
void hooks_create_runtime(struct box *);
void rlimits(struct box *);
void oom_score(struct box *);
void pidfd_pass(struct box *);
void program_runs(struct box *);

/* when.c: which steps a configuration needs.  Both processes ask, so it alone decides. */
bool has_process(const struct box *);
bool has_process_and_mounts(const struct box *);
bool has_filter(const struct box *);
bool has_logs(const struct box *);
bool has_user_namespace(const struct box *);
bool has_new_user_namespace(const struct box *);
bool has_hostname(const struct box *);
bool has_new_network(const struct box *);
bool has_new_mounts(const struct box *);
bool has_terminal(const struct box *);
bool has_hooks(const struct box *);
bool has_prestart(const struct box *);
bool has_create_runtime(const struct box *);
bool has_create_container(const struct box *);
bool has_sysctl(const struct box *);
bool has_cgroup_to_divide(const struct box *);
bool has_rlimits(const struct box *);
bool has_oom_score(const struct box *);
bool has_scheduler(const struct box *);
bool has_io_priority(const struct box *);
bool has_personality(const struct box *);
bool has_memory_policy(const struct box *);
bool has_rdt(const struct box *);
bool has_net_devices(const struct box *);
bool has_pidfd_socket(const struct box *);
bool has_ready(const struct box *);
