#include "sys/idmap.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <grp.h>
#include <unistd.h>

static void write_map(pid_t pid, const char *file, struct id_mapping *const *maps)
{
	struct text t = { 0 };
	EACH(m, maps)
		text_printf(&t, "%u %u %u\n", (*m)->inside, (*m)->outside, (*m)->size);
	/* The kernel takes a map in one write only. */
	write_file(AT_FDCWD, fmt("/proc/%d/%s", pid, file), t.at ? t.at : "");
}

void id_mappings_write(pid_t pid, struct id_mapping *const *uids, struct id_mapping *const *gids)
{
	write_map(pid, "uid_map", uids);
	write_map(pid, "gid_map", gids);
}

void become_root(void)
{
	if (setgroups(0, NULL) < 0 || setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0)
		fail_sys("become root of the user namespace (is id 0 mapped?)");
}

uint32_t id_outside(struct id_mapping *const *maps, uint32_t inside)
{
	EACH(m, maps)
		if (inside >= (*m)->inside && inside - (*m)->inside < (*m)->size)
			return (*m)->outside + (inside - (*m)->inside);
	return inside;
}
