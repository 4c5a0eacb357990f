/* The mount points and links of an exec task's root, made in its task directory. */
#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/chroot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

static bool leads_to(int dir, const char *name, const char *to)
{
	char is[PATH_MAX];
	ssize_t n = readlinkat(dir, name, is, sizeof is - 1);
	is[n < 0 ? 0 : n] = 0;
	return n >= 0 && same(is, to);
}

static void make_link(int dir, const char *name, const char *to)
{
	if (symlinkat(to, dir, name) < 0 && !(errno == EEXIST && leads_to(dir, name, to)))
		fail_sys("make the link %s in the task directory", name);
}

static void make_file(int dir, const char *name)
{
	autoclose int fd = try_open(dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		fail_sys("make the mount point %s in the task directory", name);
}

/* One part of a path below `dir`, which is replaced by it.  Never through a link: what an earlier run left may be
 * hostile. */
static void enter(int *dir, const char *name, const char *whole, struct made *m)
{
	if (!mkdirat(*dir, name, 0755))
		made_add(m, whole);
	else if (errno != EEXIST)
		fail_sys("make directory %s", whole);
	int next = try_open(*dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
	if (next < 0)
		fail_sys("%s must be a directory", whole);
	fd_close(dir);
	*dir = next;
}

static void make_entry(const struct chroot_entry *e, int task_dir, const char *path, struct made *m)
{
	autoclose int dir = fd_copy_from(task_dir, 0);
	const char *last = base_name(e->inside);
	struct text whole = { 0 };

	text_put(&whole, path);
	EACH(part, split(dir_name(e->inside) + 1, '/')) {
		text_printf(&whole, "/%s", *part);
		enter(&dir, *part, whole.at, m);
	}
	text_printf(&whole, "/%s", last);
	if (!e->link && e->directory) {
		enter(&dir, last, whole.at, m);
		return;
	}
	bool there = exists(dir, last);
	e->link ? make_link(dir, last, e->link) : make_file(dir, last);
	if (!there)
		made_add(m, whole.at);
}

void chroot_make(const struct chroot *c, int task_dir, const char *path, struct made *m)
{
	EACH(e, c->entries)
		if (chroot_makes(c, *e))
			make_entry(*e, task_dir, path, m);
}
