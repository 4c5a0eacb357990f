#include "base/mem.h"
#include "base/text.h"
#include "box/box.h"
#include "box/steps.h"
#include "oci/mountopt.h"
#include "sys/ns.h"

#include <linux/mount.h>
#include <sched.h>

static const struct hooks none;
static const struct hooks *hooks(const struct box *b) { return b->config->hooks ? b->config->hooks : &none; }

bool has_process(const struct box *b) { return b->process; }
bool has_process_and_mounts(const struct box *b) { return b->process && has_new_mounts(b); }
bool has_filter(const struct box *b) { return b->process && b->config->linux_part->seccomp; }
bool has_logs(const struct box *b) { return b->wishes->logs; }
bool has_user_namespace(const struct box *b) { return config_namespace(b->config, CLONE_NEWUSER); }
bool has_new_user_namespace(const struct box *b) { return config_has_new(b->config, CLONE_NEWUSER); }
bool has_hostname(const struct box *b) { return b->config->hostname || b->config->domainname; }
bool has_new_network(const struct box *b) { return config_has_new(b->config, CLONE_NEWNET); }
bool has_new_mounts(const struct box *b) { return config_has_new(b->config, CLONE_NEWNS); }
bool has_terminal(const struct box *b) { return b->process && b->process->terminal; }
bool has_hooks(const struct box *b) { return b->config->hooks; }
bool has_prestart(const struct box *b) { return count(hooks(b)->prestart); }
bool has_create_runtime(const struct box *b) { return count(hooks(b)->create_runtime); }
bool has_create_container(const struct box *b) { return count(hooks(b)->create_container); }
bool has_sysctl(const struct box *b) { return count(b->config->linux_part->sysctl); }

/* runtime-spec, "Cgroup ownership": a new cgroup namespace, and a cgroup mount that can be written to. */
bool has_cgroup_to_divide(const struct box *b)
{
	if (!b->process || !config_has_new(b->config, CLONE_NEWCGROUP))
		return false;
	EACH(m, b->config->mounts) {
		if (!same((*m)->type, "cgroup") && !same((*m)->type, "cgroup2"))
			continue;
		struct mount_options o = mount_options_read(*m, "mounts");
		if (!((o.here.set | o.below.set) & MOUNT_ATTR_RDONLY))
			return true;
	}
	return false;
}

bool has_rlimits(const struct box *b) { return b->process && count(b->process->rlimits); }
bool has_ready(const struct box *b) { return b->wishes->ready; }
bool has_pidfd_socket(const struct box *b) { return b->wishes->pidfd_socket; }
bool has_oom_score(const struct box *b) { return b->process && b->process->oom_score_adj; }
bool has_scheduler(const struct box *b) { return b->process && b->process->scheduler; }
bool has_io_priority(const struct box *b) { return b->process && b->process->io_priority; }
bool has_personality(const struct box *b) { return b->config->linux_part->personality; }
bool has_memory_policy(const struct box *b) { return b->config->linux_part->memory_policy; }
bool has_rdt(const struct box *b) { return b->config->linux_part->intel_rdt; }
bool has_net_devices(const struct box *b) { return count(b->config->linux_part->net_devices); }
