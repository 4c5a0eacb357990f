#include "sys/cgroup_delegate.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* Kernels before 4.15 do not say. */
static const char *const *delegated_files(void)
{
	static const char *const usual[] = { "cgroup.procs", "cgroup.subtree_control", "cgroup.threads", NULL };
	const char *list = try_read_whole(AT_FDCWD, "/sys/kernel/cgroup/delegate");
	return list ? (const char *const *) split(trim(list), '\n') : usual;
}

void cgroup_delegate(const struct cgroup *cg, uid_t owner)
{
	if (!cg->unified || !cg->hierarchies || !owner)
		return;
	const char *dir = cg->hierarchies[0]->dir;
	if (chown(dir, owner, (gid_t) -1) < 0)
		fail_sys("owner of cgroup %s", dir);
	EACH(file, delegated_files()) {
		const char *path = fmt("%s/%s", dir, *file);
		/* Not every cgroup has each: memory.reclaim is its controller's. */
		if (chown(path, owner, (gid_t) -1) < 0 && errno != ENOENT)
			fail_sys("owner of %s", path);
	}
}
