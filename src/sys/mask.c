#include "sys/mask.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "sys/mount.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* ENOTDIR: a part on the way is a file here, so the path is not there either. */
static int find(int root, const char *path)
{
	int fd = try_open_in_root(root, path, O_PATH);
	if (fd < 0 && errno != ENOENT && errno != ENOTDIR)
		fail_sys("%s", path);
	return fd;
}

/* The host's own /dev/null: the container's could be anything (CVE-2025-31133). */
static int open_null(void)
{
	int fd = tree_open(AT_FDCWD, "/dev/null", false);
	struct stat st;
	if (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || st.st_rdev != makedev(1, 3))
		fail("the host's /dev/null is not the null device");
	return fd;
}

static int open_empty(void)
{
	static const char *options[] = { "size=0k", "mode=755", NULL };
	int fd = filesystem_new("tmpfs", "tmpfs", &(struct mount_options){ .data = options });
	mount_readonly(fd, false);
	return fd;
}

void paths_mask(int root, const char *const *paths)
{
	autoclose int empty = -1;

	EACH(path, paths) {
		struct stat st;
		autoclose int place = find(root, *path);
		if (place < 0)
			continue;
		if (fstat(place, &st) < 0)
			fail_sys("%s", *path);
		/* One empty directory serves all: the first is attached, the others are views of it. */
		autoclose int cover = !S_ISDIR(st.st_mode) ? open_null()
				      : empty < 0          ? open_empty()
							   : tree_of(empty, false);
		mount_attach(cover, place, *path);
		if (S_ISDIR(st.st_mode) && empty < 0)
			empty = fd_take(&cover);
	}
}

void paths_make_readonly(int root, const char *const *paths)
{
	EACH(path, paths) {
		autoclose int place = find(root, *path);
		if (place < 0)
			continue;
		autoclose int view = tree_of(place, true);
		mount_readonly(view, true);
		mount_attach(view, place, *path);
	}
}
