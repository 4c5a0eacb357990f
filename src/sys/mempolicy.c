#include "sys/mempolicy.h"

#include "base/fail.h"
#include "oci/bitlist.h"
#include "oci/names.h"

#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

void memory_policy_apply(const struct memory_policy *m)
{
	uint64_t flags = name_mask(m->flags, memory_flag_names, "linux.memoryPolicy.flags");
	const char *mode = value_word(memory_mode_names, m->mode);
	bool has_nodes = m->nodes && *m->nodes;
	struct bits nodes;

	if (has_nodes && !bits_read(m->nodes, &nodes))
		fail("\"%s\" is not a list of nodes such as 0-3,7", m->nodes);
	/* The kernel takes one less than what it is told; see "BUGS" in mbind(2). */
	if (!syscall(SYS_set_mempolicy, m->mode | (int) flags, has_nodes ? &nodes : NULL,
		     has_nodes ? BITS_MOST + 1 : 0))
		return;
	if (errno == ENOSYS)
		fail("%s: the kernel is built without NUMA", mode);
	if (errno == EINVAL)
		fail("%s: refused: no node of \"%s\" is there and in the cpuset, or the kernel is older than the mode "
		     "or "
		     "a flag",
		     mode, has_nodes ? m->nodes : "");
	fail_sys("%s", mode);
}
