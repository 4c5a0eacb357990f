#include "sys/idmap.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "sys/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <sys/wait.h>
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

/* A user namespace is made by a process that is born in it, and kept by our descriptor. */
int id_mappings_namespace(struct id_mapping *const *uids, struct id_mapping *const *gids)
{
	const struct birth birth = { .flags = CLONE_NEWUSER, .cgroup = -1, .container = -1 };
	int ends[2];
	char byte;

	if (pipe2(ends, O_CLOEXEC) < 0)
		fail_sys("pipe");
	pid_t pid = process_spawn(&birth);
	close(ends[!pid]);
	if (!pid)
		_exit((int) read(ends[0], &byte, 1)); /* until we are done with it, or gone */
	id_mappings_write(pid, uids, gids);
	int fd = try_open(AT_FDCWD, fmt("/proc/%d/ns/user", pid), O_RDONLY);
	if (fd < 0)
		fail_sys("user namespace for a mount");
	close(ends[1]);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return fd;
}

bool id_is_mapped(struct id_mapping *const *maps, uint32_t inside)
{
	EACH(m, maps)
		if (inside >= (*m)->inside && inside - (*m)->inside < (*m)->size)
			return true;
	return false;
}

uint32_t id_outside(struct id_mapping *const *maps, uint32_t inside)
{
	EACH(m, maps)
		if (inside >= (*m)->inside && inside - (*m)->inside < (*m)->size)
			return (*m)->outside + (inside - (*m)->inside);
	return inside;
}
