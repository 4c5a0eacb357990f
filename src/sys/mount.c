#include "sys/mount.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PROPAGATION_RECURSIVE (1UL << 14) /* MS_REC, which linux/mount.h may not be had beside */

static int open_tree_at(int dir, const char *path, unsigned flags)
{
	return (int) syscall(SYS_open_tree, dir, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | flags);
}

int tree_open(int dir, const char *path, bool recursive)
{
	int fd = open_tree_at(dir, path, recursive ? AT_RECURSIVE : 0);
	if (fd < 0)
		fail_sys("source %s", path);
	return fd;
}

int tree_of(int fd, bool recursive)
{
	int tree = open_tree_at(fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0));
	if (tree < 0)
		fail_sys("open_tree");
	return tree;
}

/* The filesystem says on its context what it did not like; that beats an errno. */
static _Noreturn void refuse_filesystem(int context, const char *type, const char *what)
{
	int error = errno;
	char said[256];
	ssize_t n = context < 0 ? -1 : read(context, said, sizeof said - 1);
	if (n > 2)
		fail("%s%s: %.*s", type, what,
		     (int) strcspn(said + 2, "\n") < (int) n - 2 ? (int) strcspn(said + 2, "\n") : (int) n - 2,
		     said + 2);
	errno = error;
	fail_sys("%s%s", type, what);
}

static void configure(int context, const char *type, const char *option)
{
	const char *equals = strchr(option, '=');
	const char *key = equals ? text_n(option, (size_t) (equals - option)) : option;
	long r = equals ? syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, key, equals + 1, 0)
			: syscall(SYS_fsconfig, context, FSCONFIG_SET_FLAG, key, NULL, 0);
	if (r < 0)
		refuse_filesystem(context, type, fmt(": option \"%s\"", option));
}

int filesystem_new(const char *type, const char *source, const struct mount_options *o)
{
	autoclose int context = (int) syscall(SYS_fsopen, type, FSOPEN_CLOEXEC);
	if (context < 0 && errno == ENODEV)
		fail("the kernel has no filesystem \"%s\"", type);
	if (context < 0)
		refuse_filesystem(context, type, "");
	if (source && *source && syscall(SYS_fsconfig, context, FSCONFIG_SET_STRING, "source", source, 0) < 0)
		refuse_filesystem(context, type, fmt(": source \"%s\"", source));
	/* A filesystem on a device is read-only as a whole; one that is only a view is so by its mount. */
	if (source && *source == '/' && o && o->here.set & MOUNT_ATTR_RDONLY)
		configure(context, type, "ro");
	EACH(word, o ? o->super : NULL)
		configure(context, type, *word);
	EACH(option, o ? o->data : NULL)
		configure(context, type, *option);
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_CREATE, NULL, NULL, 0) < 0)
		refuse_filesystem(context, type, "");
	uint64_t attributes = o ? o->here.set : 0;
	int fd = (int) syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
	if (fd < 0)
		refuse_filesystem(context, type, "");
	return fd;
}

void filesystem_change(int place, const struct mount_options *o)
{
	if (!o->super && !o->data)
		return;
	autoclose int context = (int) syscall(SYS_fspick, place, "", FSPICK_EMPTY_PATH | FSPICK_CLOEXEC);
	if (context < 0)
		fail_sys("remount");
	EACH(word, o->super)
		configure(context, "remount", *word);
	EACH(option, o->data)
		configure(context, "remount", *option);
	if (syscall(SYS_fsconfig, context, FSCONFIG_CMD_RECONFIGURE, NULL, NULL, 0) < 0)
		refuse_filesystem(context, "remount", "");
}

static void set_attributes(int mount, struct mount_attr a, bool recursive)
{
	if (!a.attr_set && !a.attr_clr && !a.propagation)
		return;
	unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
	if (syscall(SYS_mount_setattr, mount, "", flags, &a, sizeof a) < 0)
		fail_sys("mount attributes");
}

void mount_propagation(int mount, uint64_t ms_flags)
{
	struct mount_attr a = { .propagation = ms_flags & ~PROPAGATION_RECURSIVE };
	set_attributes(mount, a, ms_flags & PROPAGATION_RECURSIVE);
}

void mount_change(int mount, const struct mount_options *o)
{
	set_attributes(mount, (struct mount_attr){ .attr_set = o->below.set, .attr_clr = o->below.clear }, true);
	set_attributes(mount, (struct mount_attr){ .attr_set = o->here.set, .attr_clr = o->here.clear }, false);
	if (o->propagation)
		mount_propagation(mount, o->propagation);
}

void mount_readonly(int mount, bool recursive)
{
	set_attributes(mount, (struct mount_attr){ .attr_set = MOUNT_ATTR_RDONLY }, recursive);
}

void mount_idmap(int mount, int user_namespace, bool recursive)
{
	struct mount_attr a = { .attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t) user_namespace };
	unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0);
	if (syscall(SYS_mount_setattr, mount, "", flags, &a, sizeof a) >= 0)
		return;
	if (errno == EINVAL)
		fail("id-mapped mount: the source's filesystem does not have them (with this kernel)");
	if (errno == EPERM)
		fail("id-mapped mount: not permitted (is the source id-mapped already, or its filesystem the "
		     "container's own?)");
	fail_sys("id-mapped mount");
}

static bool is_directory(int fd)
{
	struct stat st;
	return !fstat(fd, &st) && S_ISDIR(st.st_mode);
}

void mount_attach(int mount, int place, const char *what)
{
	if (syscall(SYS_move_mount, mount, "", place, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) >= 0)
		return;
	int error = errno;
	/* EINVAL from move_mount(2) where mount(2) has ENOTDIR, whose words Docker looks for and adds its advice to. */
	if (is_directory(mount) != is_directory(place))
		fail("mount on %s: Not a directory: the source is a %s, what is there a %s; both must be of one kind",
		     what, is_directory(mount) ? "directory" : "file", is_directory(place) ? "directory" : "file");
	errno = error;
	fail_sys("mount on %s", what);
}

static int make_place(int root, const char *path, bool directory, int depth);

/* The last part is a link whose target is missing: the place is made where it points, still inside the root. */
static int follow_dangling(int root, int parent, const char *path, bool directory, int depth)
{
	char target[4096];
	ssize_t n = readlinkat(parent, base_name(path), target, sizeof target - 1);
	if (n < 0)
		fail_sys("mount point %s", path);
	target[n] = 0;
	return make_place(root, *target == '/' ? target : fmt("%s/%s", dir_name(path), target), directory, depth + 1);
}

static int make_place(int root, const char *path, bool directory, int depth)
{
	int fd = try_open_in_root(root, path, O_PATH);
	if (fd >= 0)
		return fd;
	if (errno != ENOENT || depth > 40)
		fail_sys("mount point %s", path);
	autoclose int parent = make_place(root, dir_name(path), true, depth + 1);
	const char *name = base_name(path);
	int made = directory ? mkdirat(parent, name, 0755) : mknodat(parent, name, S_IFREG | 0644, 0);
	if (made < 0 && errno == EEXIST)
		return follow_dangling(root, parent, path, directory, depth);
	if (made < 0)
		fail_sys("make the mount point %s", path);
	fd = openat(parent, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		fail_sys("mount point %s", path);
	return fd;
}

int place_in_root(int root, const char *path, bool directory)
{
	return make_place(root, clean_path(fmt("/%s", path)), directory, 0);
}
