#include "base/mem.h"
#include "box/box.h"
#include "box/steps.h"
#include "sys/ns.h"

#include <sched.h>

static const struct hooks none;
static const struct hooks *hooks(const struct box *b) { return b->config->hooks ? b->config->hooks : &none; }

bool has_process(const struct box *b) { return b->process; }
bool has_filter(const struct box *b) { return b->process && b->config->linux_part->seccomp; }
bool has_logs(const struct box *b) { return b->wishes->logs; }
bool has_user_namespace(const struct box *b) { return config_namespace(b->config, CLONE_NEWUSER); }
bool has_new_user_namespace(const struct box *b) { return config_has_new(b->config, CLONE_NEWUSER); }
bool has_hostname(const struct box *b) { return b->config->hostname || b->config->domainname; }
bool has_new_network(const struct box *b) { return config_has_new(b->config, CLONE_NEWNET); }
bool has_new_mounts(const struct box *b) { return config_has_new(b->config, CLONE_NEWNS); }
bool has_no_new_mounts(const struct box *b) { return !has_new_mounts(b); }
bool has_terminal(const struct box *b) { return b->process && b->process->terminal; }
bool has_prestart(const struct box *b) { return count(hooks(b)->prestart); }
bool has_create_runtime(const struct box *b) { return count(hooks(b)->create_runtime); }
bool has_create_container(const struct box *b) { return count(hooks(b)->create_container); }
bool has_sysctl(const struct box *b) { return count(b->config->linux_part->sysctl); }
bool has_rlimits(const struct box *b) { return b->process && count(b->process->rlimits); }
bool has_oom_score(const struct box *b) { return b->process && b->process->oom_score_adj; }
