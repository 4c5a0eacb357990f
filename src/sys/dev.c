#include "sys/dev.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/names.h"
#include "sys/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#define NODE(path, minor_of_1) \
	&(struct device) { path, 'c', 1, minor_of_1, NULL, NULL, NULL }

struct device *const default_devices[] = {
	NODE("/dev/null", 3),
	NODE("/dev/zero", 5),
	NODE("/dev/full", 7),
	NODE("/dev/random", 8),
	NODE("/dev/urandom", 9),
	&(struct device){ "/dev/tty", 'c', 5, 0, NULL, NULL, NULL },
	NULL,
};

#define RULE(kind, major, minor, access) \
	&(struct device_rule) { true, kind, &(int64_t){ major }, &(int64_t){ minor }, access }

/* Making any node is harmless: using it is what the other rules are about. */
struct device_rule *const default_device_rules[] = {
	RULE('c', -1, -1, "m"),
	RULE('b', -1, -1, "m"),
	RULE('c', 1, 3, "rwm"),
	RULE('c', 1, 5, "rwm"),
	RULE('c', 1, 7, "rwm"),
	RULE('c', 1, 8, "rwm"),
	RULE('c', 1, 9, "rwm"),
	RULE('c', 5, 0, "rwm"),
	RULE('c', 5, 2, "rwm"),
	RULE('c', 136, -1, "rwm"),
	NULL,
};

static mode_t type_of(const struct device *d) { return d->kind == 'b' ? S_IFBLK : d->kind == 'p' ? S_IFIFO : S_IFCHR; }

static dev_t number_of(const struct device *d)
{
	return d->kind == 'p' ? 0 : makedev((unsigned) d->major, (unsigned) d->minor);
}

static bool is_that(int dir, const char *name, const struct device *d)
{
	struct stat st;
	return !fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) && (st.st_mode & S_IFMT) == type_of(d) &&
	       (d->kind == 'p' || st.st_rdev == number_of(d));
}

static void bind_node(int root, const struct device *d)
{
	int tree = tree_open(AT_FDCWD, d->path, false);
	autoclose int place = place_in_root(root, d->path, false);
	if (!is_that(AT_FDCWD, d->path, d))
		fail("device %s: the host's is not %s %lld:%lld", d->path, value_word(device_kind_names, d->kind),
		     (long long) d->major, (long long) d->minor);
	mount_attach(tree, place, d->path);
	close(tree);
}

static void make_node(int root, const struct device *d)
{
	autoclose int dir = place_in_root(root, dir_name(d->path), true);
	const char *name = base_name(d->path);
	mode_t mode = d->mode ? *d->mode & 07777 : 0666;

	if (mknodat(dir, name, type_of(d) | mode, number_of(d)) < 0) {
		if (errno != EEXIST)
			fail_sys("make the device %s", d->path);
		if (!is_that(dir, name, d))
			fail("device %s: another file is there already", d->path);
		return;
	}
	/* By a descriptor, since a link could take the name's place; and chmod because of the umask. */
	autoclose int fd = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmodat(AT_FDCWD, fmt("/proc/self/fd/%d", fd), mode, 0) < 0)
		fail_sys("mode of %s", d->path);
	if ((d->uid || d->gid) && fchownat(fd, "", d->uid ? *d->uid : 0, d->gid ? *d->gid : 0, AT_EMPTY_PATH) < 0)
		fail_sys("owner of %s", d->path);
}

void devices_make(int root, struct device *const *devices, bool bind)
{
	/* Engines list the host's /dev/ptmx for a privileged container; the container's leads to its own devpts. */
	EACH(d, devices)
		if (!same((*d)->path, "/dev/ptmx"))
			bind && (*d)->kind != 'p' ? bind_node(root, *d) : make_node(root, *d);
}

void device_links_make(int root)
{
	static const struct {
		const char *target, *name;
	} links[] = {
		{ "/proc/self/fd", "fd" },       { "/proc/self/fd/0", "stdin" }, { "/proc/self/fd/1", "stdout" },
		{ "/proc/self/fd/2", "stderr" }, { "pts/ptmx", "ptmx" },         { "/proc/kcore", "core" },
	};
	autoclose int dev = place_in_root(root, "/dev", true);

	for (size_t i = 0; i < sizeof links / sizeof *links; i++)
		if (symlinkat(links[i].target, dev, links[i].name) < 0 && errno != EEXIST)
			fail_sys("link /dev/%s", links[i].name);
}
