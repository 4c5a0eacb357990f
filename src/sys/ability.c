#include "sys/ability.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/names.h"
#include "sys/caps.h"
#include "sys/cgroup.h"
#include "sys/idmap.h"
#include "sys/mount.h"
#include "sys/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#endif
#define LANDLOCK_VERSION 1 /* LANDLOCK_CREATE_RULESET_VERSION */

#define AS_ROOT          "run bivy as root"
#define NEW_KERNEL       "a kernel of 5.15 or later, built with it"

static bool is_root(void) { return geteuid() == 0; }

/* 1. Trying.  What fails there has said why through fail(), which is heard here. */

static int told;

static void tell(enum kind kind, const char *message)
{
	(void) kind;
	if (write(told, message, strlen(message)) < 0)
		_exit(1);
}

static char *whole_of(int fd)
{
	struct text t = { 0 };
	char part[512];
	ssize_t n;

	while ((n = read(fd, part, sizeof part)) > 0)
		text_add(&t, part, (size_t) n);
	return t.length ? t.at : NULL;
}

/* NULL: it worked.  Else why not. */
static const char *attempt(void (*deed)(void))
{
	int ends[2];
	if (pipe2(ends, O_CLOEXEC) < 0)
		fail_sys("pipe");
	pid_t child = fork();
	if (child < 0)
		fail_sys("fork");
	if (!child) {
		undo_forget();
		told = ends[1];
		fail_to(tell);
		deed();
		_exit(0);
	}
	close(ends[1]);
	const char *why = whole_of(ends[0]);
	close(ends[0]);
	waitpid(child, NULL, 0);
	return why;
}

static int wanted; /* CLONE_NEW*: what the next attempt is about */

static void leave_namespace(void)
{
	if (unshare(wanted) < 0)
		fail("%s", errno == EINVAL ? "not in this kernel" : strerror(errno));
}

static void mount_tmpfs(void)
{
	autoclose int fs = filesystem_new("tmpfs", "bivy", NULL);
	(void) fs;
}

static void bind_readonly(void)
{
	autoclose int tree = tree_open(AT_FDCWD, "/", true);
	mount_readonly(tree, true);
}

static void map_ids(void)
{
	struct id_mapping ids = { .inside = 0, .outside = 1, .size = 1 }, *map[] = { &ids, NULL };
	autoclose int fs = filesystem_new("tmpfs", "bivy", NULL);
	autoclose int users = id_mappings_namespace(map, map);
	mount_idmap(fs, users, false);
}

static void mount_overlay(void)
{
	autoclose int fs = (int) syscall(SYS_fsopen, "overlay", 1 /* FSOPEN_CLOEXEC */);
	if (fs < 0)
		fail("%s", errno == ENODEV ? "not in this kernel" : strerror(errno));
}

static void drop_new_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail("%s", strerror(errno));
}

/* 2. Reading. */

static struct ability *ability(const char *name, const char *found, const char *why, const char *remedy)
{
	struct ability *a = mem(sizeof *a);
	*a = (struct ability){ name, found, why, why ? remedy : NULL };
	return a;
}

static struct ability *tried(const char *name, void (*deed)(void))
{
	const char *why = attempt(deed);
	return ability(name, why ? NULL : "yes", why, is_root() ? NEW_KERNEL : AS_ROOT);
}

static struct ability **namespaces(struct ability **all)
{
	for (const struct name *n = namespace_names; n->word; n++) {
		wanted = (int) n->value;
		all = append(all, tried(fmt("namespace %s", n->word), leave_namespace));
	}
	return all;
}

static const char **words_of(const char *s)
{
	const char **words = NULL;
	char *flat = text(s ? s : "");

	for (char *c = flat; *c; c++)
		if (*c == '\n' || *c == ',' || *c == '\t')
			*c = ' ';
	EACH(w, split(flat, ' '))
		if (**w)
			words = append(words, *w);
	return words;
}

static const char **controllers(const struct cgroup *c)
{
	const char **all = NULL;

	if (c->unified)
		return words_of(try_read_whole(AT_FDCWD, "/sys/fs/cgroup/cgroup.controllers"));
	EACH(h, c->hierarchies)
		if (*(*h)->name && !strchr((*h)->name, '='))
			EACH(w, words_of((*h)->name))
				all = append(all, *w);
	return all;
}

static const char *cgroup_mode(const struct cgroup *c)
{
	if (!c->hierarchies)
		return NULL;
	if (c->unified)
		return "v2";
	return exists(AT_FDCWD, "/sys/fs/cgroup/unified/cgroup.procs") ? "hybrid" : "v1";
}

/* What the limits of a task and its end stand on.  Version 2 has devices and freezer without a controller. */
static const char *missing_controllers(bool unified, const char *const *there)
{
	static const char *const needed[] = { "cpu", "memory", "cpuset", "pids", "devices", "freezer", NULL };
	const char **missing = NULL;

	EACH(n, needed) {
		bool no_controller = unified && (same(*n, "devices") || same(*n, "freezer"));
		if (!no_controller && !contains_word(there, *n))
			missing = append(missing, *n);
	}
	return missing ? fmt("without %s", join(missing, ", ")) : NULL;
}

static const char *cgroup_trouble(const struct cgroup *c)
{
	if (!c->hierarchies)
		return "no cgroup filesystem is mounted";
	EACH(h, c->hierarchies)
		if (access((*h)->mount, W_OK) < 0)
			return fmt("%s: %s", (*h)->mount, strerror(errno));
	return NULL;
}

static struct ability **cgroups(struct ability **all)
{
	const struct cgroup *c = cgroup_plan("/bivy");
	const char *mode = cgroup_mode(c), **there = controllers(c);

	all = append(all, ability("cgroups", mode, cgroup_trouble(c),
				  is_root() ? "mount -t cgroup2 cgroup2 /sys/fs/cgroup, writable" : AS_ROOT));
	if (mode)
		all = append(all, ability("cgroup controllers", there ? join(there, " ") : NULL,
					  missing_controllers(c->unified, there),
					  "turn them on in the kernel, or in cgroup.subtree_control of the parents"));
	return all;
}

static bool seccomp_does(uint32_t action) { return !syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action); }

static struct ability *seccomp_action(const char *name, uint32_t action)
{
	bool does = seccomp_does(action);
	return ability(name, does ? "yes" : NULL, does ? NULL : "not in this kernel", NEW_KERNEL);
}

static struct ability *landlock(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION);
	return ability("landlock", abi > 0 ? fmt("ABI %ld", abi) : NULL,
		       abi > 0               ? NULL
		       : errno == ENOSYS     ? "not in this kernel"
		       : errno == EOPNOTSUPP ? "in this kernel, but switched off at boot"
					     : text(strerror(errno)),
		       "the downloader of artifacts then stands on its other walls; lsm=landlock,... on the kernel's "
		       "command line");
}

/* The file needs securityfs; without it the two that config.json can name are still to be told. */
static struct ability *security_modules(void)
{
	const char *list = try_read_whole(AT_FDCWD, "/sys/kernel/security/lsm");
	const char *apparmor = try_read_whole(AT_FDCWD, "/sys/module/apparmor/parameters/enabled");
	const char *types = try_read_whole(AT_FDCWD, "/proc/filesystems");
	const char **found = list ? words_of(list) : NULL;

	if (!found && apparmor && *apparmor == 'Y')
		found = append(found, "apparmor");
	if (!found && types && strstr(types, "\tselinuxfs"))
		found = append(found, "selinux");
	return ability("security modules", found ? join(found, " ") : "none", NULL, NULL);
}

static struct ability *unprivileged_users(void)
{
	const char *most = try_read_whole(AT_FDCWD, "/proc/sys/user/max_user_namespaces");
	const char *debian = try_read_whole(AT_FDCWD, "/proc/sys/kernel/unprivileged_userns_clone");
	const char *why = most && same(trim(most), "0") ? "user.max_user_namespaces is 0"
			  : debian && *debian == '0'    ? "kernel.unprivileged_userns_clone is 0"
			  : !most                       ? "not in this kernel"
							: NULL;
	return ability("user namespaces for all", why ? NULL : "yes", why,
		       "only containers of other callers than root need it");
}

/* What a task could be given at most, and what bivy itself may not do. */
static struct ability *capabilities(void)
{
	uint64_t own = caps_grantable(false);
	const char **missing = NULL;
	int known = cap_last() + 1, have = __builtin_popcountll(own);

	for (int n = 0; n < known; n++)
		if (!(own >> n & 1))
			missing = append(missing, cap_name(n));
	const char *without = !missing ? NULL : have ? fmt("without %s", join(missing, ", ")) : "not one";
	return ability("capabilities", fmt("%d of %d", have, known), without,
		       is_root() ? "cap_add of these is refused, and without CAP_SYS_RESOURCE so is a limit above the "
				   "caller's own; "
				   "give them to the process that calls bivy"
				 : AS_ROOT);
}

static struct ability *kernel(void)
{
	struct utsname u;
	if (uname(&u) < 0)
		fail_sys("uname");
	return ability("kernel", fmt("%s %s", text(u.release), text(u.machine)), NULL, NULL);
}

struct ability **abilities(void)
{
	struct ability **all = append(NULL, kernel());

	all = append(all, capabilities());
	all = namespaces(all);
	all = append(all, unprivileged_users());
	all = cgroups(all);
	all = append(all, tried("mounts by descriptor", mount_tmpfs));
	all = append(all, tried("read-only trees", bind_readonly));
	all = append(all, tried("idmapped mounts", map_ids));
	all = append(all, tried("overlay", mount_overlay));
	all = append(all, seccomp_action("seccomp", SECCOMP_RET_ERRNO));
	all = append(all, seccomp_action("seccomp notify", SECCOMP_RET_USER_NOTIF));
	all = append(all, tried("no new privileges", drop_new_privileges));
	all = append(all, landlock());
	return append(all, security_modules());
}

const struct ability *ability_named(struct ability *const *all, const char *name)
{
	EACH(a, all)
		if (same((*a)->name, name))
			return *a;
	return NULL;
}
