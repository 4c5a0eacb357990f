#include "task/made.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"

#include <fcntl.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct made_item {
	struct made_item *older;
	const char *base, *path;
	bool tree;
};

/* The directory that it is in.  A task that runs already may have put a link on the way, to have something of the
 * host's taken away. */
static int try_open_parent(const struct made_item *i)
{
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
	const char *parent = dir_name(i->path), *rest;

	if (!i->base)
		return try_open(AT_FDCWD, parent, O_PATH | O_DIRECTORY);
	autoclose int base = try_open(AT_FDCWD, i->base, O_PATH | O_DIRECTORY);
	rest = path_below(i->base, parent);
	return rest ? (int) syscall(SYS_openat2, base, *rest ? rest : ".", &how, sizeof how) : -1;
}

static void remove_item(const struct made_item *i)
{
	autoclose int dir = try_open_parent(i);
	const char *name = base_name(i->path);

	if (dir < 0)
		return;
	if (i->tree)
		try_remove_tree(dir, name);
	else if (unlinkat(dir, name, 0) < 0)
		unlinkat(dir, name, AT_REMOVEDIR);
}

static void remove_all(void *arg)
{
	const struct made *m = arg;
	for (const struct made_item *i = m->newest; i; i = i->older)
		remove_item(i);
}

struct made *made_new(void)
{
	struct made *m = mem(sizeof *m);
	undo(remove_all, m);
	return m;
}

static void add(struct made *m, const char *path, bool tree)
{
	struct made_item *i = mem(sizeof *i);
	*i = (struct made_item){ m->newest, m->base, text(path), tree };
	m->newest = i;
}

void made_add(struct made *m, const char *path) { add(m, path, false); }
void made_add_tree(struct made *m, const char *path) { add(m, path, true); }
void made_keep(struct made *m) { m->newest = NULL; }
