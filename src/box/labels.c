/* What the program is for AppArmor and SELinux. */
#include "base/mem.h"
#include "base/text.h"
#include "box/box.h"
#include "box/steps.h"
#include "sys/lsm.h"
#include "sys/mount.h"

static bool is_asked(const char *s) { return s && *s; }

bool has_program_labels(const struct box *b)
{
	return b->process && (is_asked(b->process->apparmor_profile) || is_asked(b->process->selinux_label));
}

bool has_labels(const struct box *b) { return has_program_labels(b) || is_asked(b->config->linux_part->mount_label); }

void labels_check(struct box *b) { lsm_check(b->process, b->container ? NULL : b->config->linux_part->mount_label); }

/* Into a container that stands we bring no procfs along: there, it is the container's own that is looked at closely. */
void labels_prepare(struct box *b)
{
	if (b->proc < 0 && !b->container && has_new_mounts(b))
		b->proc = filesystem_new("proc", "proc", NULL);
	b->attr = lsm_open(b->proc);
	b->attributes = lsm_attributes(b->attr, b->process);
}
