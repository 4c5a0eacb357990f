#include "confine.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* ---- the account ---- */

static void drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (syscall(SYS_capset, &header, none) < 0)
		fail_sys("give up capabilities");
}

static void become(uid_t uid, gid_t gid)
{
	if (!geteuid() && setgroups(0, NULL) < 0)
		fail_sys("give up groups");
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		fail_sys("become uid %u, gid %u", uid, gid);
	drop_capabilities();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		fail_sys("no_new_privs");
	/* Other processes of that account cannot look into this one, nor into its directory by its descriptor. */
	prctl(PR_SET_DUMPABLE, 0);
}

/* After the account has changed, which forgets it: prctl(2). */
static void end_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

/* A file that would be larger is an error from write(2), not a signal. */
static void limit(const struct orders *o)
{
	int64_t most = o->bytes > o->unpacked_bytes ? o->bytes : o->unpacked_bytes;
	struct rlimit no_core = { 0 }, file = { (rlim_t) most, (rlim_t) most };

	signal(SIGXFSZ, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_CORE, &no_core);
	if (o->bytes && o->unpacked_bytes && setrlimit(RLIMIT_FSIZE, &file) < 0)
		fail_sys("limit the size of files");
}

/* ---- Landlock: landlock(7) ---- */

#define READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITING                                                                                           \
	(LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
	 LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_MAKE_SYM)

/* Newer than Debian 12's header.  Each is denied from the version of the interface on that knows it. */
#define FS_REFER     (1ULL << 13)
#define FS_TRUNCATE  (1ULL << 14)
#define FS_IOCTL_DEV (1ULL << 15)
#define NET_BIND_TCP (1ULL << 0)
#define SCOPE_ALL    3ULL /* abstract sockets and signals of processes outside */

struct rules { /* struct landlock_ruleset_attr, as of version 6; an older kernel is given less of it */
	uint64_t files, network, scope;
};

/* What resolver, certificates and libraries are read from.  Some are links into other places: those count. */
static const char *const readable[] = {
	"/lib",
	"/lib32",
	"/lib64",
	"/usr/lib",
	"/usr/lib32",
	"/usr/lib64",
	"/usr/local/lib",
	"/etc/ssl",
	"/etc/pki",
	"/etc/ca-certificates",
	"/usr/share/ca-certificates",
	"/usr/local/share/ca-certificates",
	"/etc/resolv.conf",
	"/etc/hosts",
	"/etc/host.conf",
	"/etc/nsswitch.conf",
	"/etc/gai.conf",
	"/etc/services",
	"/etc/ld.so.cache",
	"/etc/localtime",
	"/dev/null",
	"/dev/urandom",
	"/proc/sys/kernel/random",
	NULL,
};

static void allow(int rules, int fd, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access, .parent_fd = fd };
	struct stat st;

	if (!fstat(fd, &st) && !S_ISDIR(st.st_mode))
		rule.allowed_access &= LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE;
	if (syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) < 0)
		fail_sys("Landlock rule");
}

static void allow_reading(int rules, const char *path)
{
	autoclose int fd = path && *path == '/' ? open(path, O_PATH | O_CLOEXEC) : -1;
	if (fd >= 0)
		allow(rules, fd, READING);
}

static struct rules rules_of(long version)
{
	struct rules r = { .files = (1ULL << 13) - 1 }; /* all thirteen of version 1 */

	if (version >= 2)
		r.files |= FS_REFER;
	if (version >= 3)
		r.files |= FS_TRUNCATE;
	if (version >= 4)
		r.network = NET_BIND_TCP;
	if (version >= 5)
		r.files |= FS_IOCTL_DEV;
	if (version >= 6)
		r.scope = SCOPE_ALL;
	return r;
}

static void fence(const struct orders *o)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct rules r = rules_of(version);
	size_t size = version >= 6 ? sizeof r : version >= 4 ? 2 * sizeof r.files : sizeof r.files;

	if (version < 1) {
		debug("this kernel has no Landlock; fetching as uid %u is what is left", getuid());
		return;
	}
	autoclose int rules = (int) syscall(SYS_landlock_create_ruleset, &r, size, 0);
	if (rules < 0)
		fail_sys("Landlock");
	allow(rules, FETCH_DIRECTORY, r.files & (READING | WRITING | FS_REFER | FS_TRUNCATE));
	for (const char *const *path = readable; *path; path++)
		allow_reading(rules, *path);
	allow_reading(rules, getenv("SSL_CERT_FILE"));
	allow_reading(rules, getenv("SSL_CERT_DIR"));
	EACH(order, o->orders) {
		allow_reading(rules, (*order)->source);
		allow_reading(rules, (*order)->list);
	}
	if (syscall(SYS_landlock_restrict_self, rules, 0) < 0)
		fail_sys("Landlock");
}

void confine(const struct orders *o)
{
	become(o->uid, o->gid);
	end_with(o->parent);
	limit(o);
	umask(022);
	fence(o);
}
