#include "sys/lsm.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PROC_ROOT_INODE 1

static bool is_asked(const char *s) { return s && *s; }

static bool has_apparmor(void)
{
	const char *enabled = try_read_whole(AT_FDCWD, "/sys/module/apparmor/parameters/enabled");
	return enabled && *enabled == 'Y';
}

/* The kernel registers it only where SELinux was not switched off at boot; nothing needs to be mounted for that. */
static bool has_selinux(void)
{
	const char *all = try_read_whole(AT_FDCWD, "/proc/filesystems");
	EACH(line, all ? split(all, '\n') : NULL)
		if (ends_with(*line, "\tselinuxfs"))
			return true;
	return false;
}

/* Without AppArmor everything is unconfined. */
static bool is_confined(const char *profile) { return is_asked(profile) && !same(profile, "unconfined"); }

void lsm_check(const struct process *p, const char *mount_label)
{
	if (p && is_confined(p->apparmor_profile) && !has_apparmor())
		fail("process.apparmorProfile: \"%s\": this kernel runs without AppArmor; remove the profile",
		     p->apparmor_profile);
	if (p && is_asked(p->selinux_label) && !has_selinux())
		fail("process.selinuxLabel: \"%s\": this kernel runs without SELinux; remove the label",
		     p->selinux_label);
	if (is_asked(mount_label) && !has_selinux())
		fail("linux.mountLabel: \"%s\": this kernel runs without SELinux; remove the label", mount_label);
}

/* The image may have put anything at /proc, or over a part of it (CVE-2019-16884). */
static int trusted_proc(void)
{
	int fd = try_open(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY | O_NOFOLLOW);
	struct statfs fs;
	struct stat st;

	if (fd < 0 || fstatfs(fd, &fs) < 0 || fstat(fd, &st) < 0)
		fail_sys("a profile or label needs /proc");
	if (fs.f_type != PROC_SUPER_MAGIC || st.st_ino != PROC_ROOT_INODE)
		fail("a profile or label needs a proc filesystem on /proc");
	return fd;
}

int lsm_open(int proc)
{
	autoclose int own = proc < 0 ? trusted_proc() : fd_copy_from(proc, 0);
	struct open_how how = { .flags = O_PATH | O_DIRECTORY | O_CLOEXEC,
				.resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS };
	char self[32];
	ssize_t n = readlinkat(own, "self", self, sizeof self);

	if (n <= 0 || n == sizeof self)
		fail("/proc is not of a pid namespace that this process is in");
	const char *path = fmt("%.*s/attr", (int) n, self);
	int fd = (int) syscall(SYS_openat2, own, path, &how, sizeof how);
	if (fd < 0)
		fail_sys("/proc/%s%s", path, errno == EXDEV ? " (something is mounted over it)" : "");
	return fd;
}

/* Linux 5.8 gave AppArmor a directory of its own; before, it had the files of whatever came first. */
static const char *apparmor_file(int attr, const char *name)
{
	const char *own = fmt("apparmor/%s", name);
	return exists(attr, own) ? own : name;
}

static struct attribute *apparmor(int attr, const char *profile)
{
	struct attribute *a = mem(sizeof *a);

	/* aa_change_profile(2) in its form that only asks. */
	if (try_write_file(attr, apparmor_file(attr, "current"), fmt("permprofile %s", profile)) < 0) {
		if (errno == ENOENT)
			fail("process.apparmorProfile: \"%s\" is not loaded; apparmor_parser(8) does that", profile);
		fail_sys("process.apparmorProfile: \"%s\"", profile);
	}
	*a = (struct attribute){ apparmor_file(attr, "exec"), fmt("exec %s", profile) };
	return a;
}

static struct attribute *selinux(int attr, const char *label)
{
	struct attribute *a = mem(sizeof *a);

	if (try_write_file(attr, "exec", label) < 0) {
		if (errno == EINVAL)
			fail("process.selinuxLabel: \"%s\" is no context of the policy that is loaded", label);
		fail_sys("process.selinuxLabel: \"%s\"", label);
	}
	/* It would be bivy-init's. */
	write_file(attr, "exec", "\n");
	*a = (struct attribute){ "exec", label };
	return a;
}

struct attribute **lsm_attributes(int attr, const struct process *p)
{
	struct attribute **all = NULL;

	if (is_asked(p->apparmor_profile) && has_apparmor())
		all = append(all, apparmor(attr, p->apparmor_profile));
	if (is_asked(p->selinux_label))
		all = append(all, selinux(attr, p->selinux_label));
	return all;
}

bool lsm_takes_label(const char *type)
{
	static const char *const none[] = { "proc", "sysfs", "mqueue", "cgroup", "cgroup2", NULL };
	return !contains_word(none, type);
}
