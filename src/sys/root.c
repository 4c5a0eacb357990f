#include "sys/root.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "sys/mount.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

void root_isolate(void)
{
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		fail_sys("detach the mounts from the host's");
}

void root_attach(int tree, const char *path)
{
	/* On top of "/": a place that is always there and can be reached, whoever owns the bundle.  What we look up by
	 * an absolute path still starts in the old root, because our own root directory has not moved. */
	autoclose int here = try_open(AT_FDCWD, path ? path : "/", O_PATH | O_DIRECTORY);
	if (here < 0 && path)
		here = try_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
	if (here < 0)
		fail_sys("/");
	mount_attach(tree, here, "the root filesystem");
}

static void pivot(void)
{
	/* Both names are the new root: the old one ends up on top of it, and goes.  pivot_root(2), "Notes" */
	if (syscall(SYS_pivot_root, ".", ".") < 0)
		fail_sys("pivot_root (a root on the initramfs needs --no-pivot)");
	if (umount2(".", MNT_DETACH) < 0)
		fail_sys("detach the old root");
}

void root_enter(int tree, bool no_pivot)
{
	if (fchdir(tree) < 0)
		fail_sys("root filesystem");
	if (!no_pivot)
		pivot();
	else if (chroot(".") < 0)
		fail_sys("chroot");
	if (chdir("/") < 0)
		fail_sys("/");
}

void root_change(int dir)
{
	if (fchdir(dir) < 0 || chroot(".") < 0 || chdir("/") < 0)
		fail_sys("chroot to the root filesystem");
}
