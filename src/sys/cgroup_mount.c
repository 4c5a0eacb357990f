#include "sys/cgroup_mount.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <unistd.h>

static int open_hierarchy(const struct hierarchy *h, bool own_namespace)
{
	if (!own_namespace)
		return tree_open(AT_FDCWD, h->dir, false);
	/* A named hierarchy cannot be made anew from its name alone: "name=x" and "none". */
	const char **options = split(h->name, ',');
	if (starts_with(h->name, "name="))
		options = append(append(NULL, "none"), h->name);
	return filesystem_new("cgroup", "cgroup", &(struct mount_options){ .data = options });
}

static void mount_one(int top, const struct hierarchy *h, const struct mount_options *o, bool own_namespace)
{
	const char *name = base_name(h->mount);
	make_dir(top, name, 0755);
	autoclose int place = try_open(top, name, O_PATH | O_DIRECTORY);
	autoclose int fd = open_hierarchy(h, own_namespace);
	mount_change(fd, &(struct mount_options){ .here = o->here });
	mount_attach(fd, place, h->mount);
	/* "cpu" beside "cpu,cpuacct", as every host has it. */
	if (strchr(name, ','))
		EACH(controller, split(name, ','))
			if (symlinkat(name, top, *controller) < 0)
				fail_sys("link %s", *controller);
}

static void mount_v1(const struct cgroup *c, int place, const struct mount_options *o, bool own_namespace)
{
	static const char *options[] = { "mode=755", NULL };
	struct mount_options top = *o;
	top.data = options;
	top.here.set &= ~(uint64_t) MOUNT_ATTR_RDONLY;
	autoclose int fd = filesystem_new("tmpfs", "tmpfs", &top);
	mount_attach(fd, place, "cgroups");
	EACH(h, c->hierarchies)
		mount_one(fd, *h, o, own_namespace);
	if (o->here.set & MOUNT_ATTR_RDONLY)
		mount_readonly(fd, false);
}

void cgroup_mount(const struct cgroup *c, int place, const struct mount_options *o, bool own_namespace)
{
	if (!c->hierarchies)
		fail("this machine has no cgroups to mount");
	if (!c->unified) {
		mount_v1(c, place, o, own_namespace);
		return;
	}
	autoclose int fd = own_namespace ? filesystem_new("cgroup2", "cgroup", o)
					 : tree_open(AT_FDCWD, c->hierarchies[0]->dir, false);
	mount_change(fd, o);
	mount_attach(fd, place, "cgroups");
}
