/* What a process can see and do where it is put, for tests/isolation/compare: a line "ROW<TAB>ITEM" for each thing that
 * it has.  Less is tighter.  Runs as the program of a container; each attempt is made by a child of its own, since a
 * filter may kill it.  Nothing that is tried can do harm where it works: the arguments are out of range, or the thing is
 * undone at once. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#define LENGTH(a) (sizeof(a) / sizeof *(a))

static void has(const char *row, const char *item) { printf("%s\t%s\n", row, item); }

/* 0: it worked, else the errno; 255: the child was killed. */
static int attempt(int (*deed)(const void *), const void *with)
{
	fflush(stdout);
	pid_t child = fork();
	int status;

	if (!child)
		_exit(deed(with) == 0 ? 0 : errno ? errno : 254);
	if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
		return 255;
	return WEXITSTATUS(status);
}

/* 1. Who it is. */

static const char *const capability_names[] = {
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
	"net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio",
	"sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time",
	"sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog",
	"wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf", "checkpoint_restore",
};

static void capability_set(const char *row, unsigned long long mask)
{
	for (size_t n = 0; n < LENGTH(capability_names); n++)
		if (mask >> n & 1)
			has(row, capability_names[n]);
}

static void status_lines(void)
{
	static const char *const sets[][2] = {
		{ "CapBnd:", "capabilities, bounding" }, { "CapPrm:", "capabilities, permitted" },
		{ "CapEff:", "capabilities, effective" }, { "CapInh:", "capabilities, inheritable" },
		{ "CapAmb:", "capabilities, ambient" },
	};
	char key[64], value[256];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fscanf(f, "%63s %255[^\n]", key, value) == 2) {
		for (size_t s = 0; s < LENGTH(sets); s++)
			if (!strcmp(key, sets[s][0]))
				capability_set(sets[s][1], strtoull(value, NULL, 16));
		if (!strcmp(key, "NoNewPrivs:") && *value == '0')
			has("new privileges by execve", "possible");
		if (!strcmp(key, "Seccomp:") && *value == '0')
			has("system calls without a filter", "all");
	}
	if (geteuid() == 0)
		has("user", "root");
	if (getegid() == 0)
		has("user", "group root");
}

/* 2. System calls.  Refused is EPERM, EACCES, ENOSYS and death; any other answer means that the kernel went to work. */

struct call {
	const char *name;
	long number, args[6];
};

/* clang-format off */
#define NONE (-1)
static const char nothing[] = "", there[] = "/tmp";
static const struct call calls[] = {
	{ "acct",               SYS_acct,               { (long) "/nowhere" } },
	{ "add_key",            SYS_add_key,            { (long) "user", (long) "bivy", (long) "x", 1, -2 } },
	{ "adjtimex (set)",     SYS_adjtimex,           { 1 } },
	{ "bpf",                SYS_bpf,                { 99, 0, 0 } },
	{ "chroot",             SYS_chroot,             { (long) there } },
	{ "clock_settime",      SYS_clock_settime,      { 0, 1 } },
	{ "clone3",             435,                    { 0, 0 } },
	{ "delete_module",      SYS_delete_module,      { (long) "nonesuch", 0 } },
	{ "fanotify_init",      SYS_fanotify_init,      { 0, 0 } },
	{ "finit_module",       SYS_finit_module,       { NONE, (long) nothing, 0 } },
	{ "fsopen",             430,                    { (long) "nonesuch", 0 } },
	{ "fspick",             433,                    { NONE, (long) nothing, 4 } },
	{ "get_mempolicy",      SYS_get_mempolicy,      { 0, 0, 0, 0, 99 } },
	{ "init_module",        SYS_init_module,        { 0, 0, (long) nothing } },
	{ "io_uring_setup",     425,                    { 0, 0 } },
	{ "ioperm",             SYS_ioperm,             { 0x80, 1, 1 } },
	{ "iopl",               SYS_iopl,               { 3 } },
	{ "kcmp",               SYS_kcmp,               { 1, 1, 99 } },
	{ "kexec_file_load",    320,                    { NONE, NONE, 0, 0, 0 } },
	{ "kexec_load",         SYS_kexec_load,         { 0, 0, 0, 0 } },
	{ "keyctl",             SYS_keyctl,             { 0, -3, 0 } },
	{ "lookup_dcookie",     SYS_lookup_dcookie,     { 0, 0, 0 } },
	{ "mbind",              SYS_mbind,              { 1, 1, 99 } },
	{ "migrate_pages",      SYS_migrate_pages,      { 0, 1 << 20, 0, 0 } },
	{ "mount",              SYS_mount,              { (long) "none", (long) there, (long) "nonesuch", 0, 0 } },
	{ "mount_setattr",      442,                    { NONE, (long) there, 0, 0, 0 } },
	{ "move_mount",         429,                    { NONE, (long) nothing, NONE, (long) nothing, 0 } },
	{ "move_pages",         SYS_move_pages,         { 0, 0, 0, 0, 0, 99 } },
	{ "name_to_handle_at",  SYS_name_to_handle_at,  { NONE, (long) nothing, 0, 0, 0 } },
	{ "nfsservctl",         SYS_nfsservctl,         { 0, 0, 0 } },
	{ "open_by_handle_at",  SYS_open_by_handle_at,  { NONE, 0, 0 } },
	{ "open_tree",          428,                    { -100, (long) there, 1 } },
	{ "perf_event_open",    SYS_perf_event_open,    { 0, 0, NONE, NONE, 0 } },
	{ "personality (odd)",  SYS_personality,        { 0x0040000 } },
	{ "pidfd_getfd",        438,                    { NONE, 0, 0 } },
	{ "pivot_root",         SYS_pivot_root,         { (long) "/nowhere", (long) "/nowhere" } },
	{ "process_madvise",    440,                    { NONE, 0, 0, 0, 0 } },
	{ "process_vm_readv",   SYS_process_vm_readv,   { 1 << 22, 0, 0, 0, 0, 99 } },
	{ "process_vm_writev",  SYS_process_vm_writev,  { 1 << 22, 0, 0, 0, 0, 99 } },
	{ "ptrace of pid 1",    SYS_ptrace,             { PTRACE_SEIZE, 1, 0, 0 } },
	{ "quotactl",           SYS_quotactl,           { 0, 0, 0, 0 } },
	{ "reboot",             SYS_reboot,             { 1, 2, 3, 0 } },
	{ "request_key",        SYS_request_key,        { (long) "user", (long) "bivy", 0, 0 } },
	{ "set_mempolicy",      SYS_set_mempolicy,      { 99, 0, 0 } },
	{ "setdomainname",      SYS_setdomainname,      { (long) nothing, -1 } },
	{ "sethostname",        SYS_sethostname,        { (long) nothing, -1 } },
	{ "setns",              SYS_setns,              { NONE, 0 } },
	{ "settimeofday",       SYS_settimeofday,       { 1, 0 } },
	{ "stime or clock_adjtime", SYS_clock_adjtime,  { 0, 1 } },
	{ "swapoff",            SYS_swapoff,            { (long) "/nowhere" } },
	{ "swapon",             SYS_swapon,             { (long) "/nowhere", 0 } },
	{ "sysfs",              SYS_sysfs,              { 3, 0, 0 } },
	{ "syslog",             SYS_syslog,             { 3, (long) nothing, -1 } },
	{ "umount2",            SYS_umount2,            { (long) "/nowhere", 0 } },
	{ "unshare of mounts",  SYS_unshare,            { CLONE_NEWNS } },
	{ "unshare of users",   SYS_unshare,            { CLONE_NEWUSER } },
	{ "unshare of network", SYS_unshare,            { CLONE_NEWNET } },
	{ "unshare of pids",    SYS_unshare,            { CLONE_NEWPID } },
	{ "uselib",             SYS_uselib,             { (long) "/nowhere" } },
	{ "userfaultfd",        SYS_userfaultfd,        { 0 } },
	{ "ustat",              SYS_ustat,              { 0, 1 } },
	{ "vhangup",            SYS_vhangup,            { 0 } },
	{ "vmsplice",           SYS_vmsplice,           { NONE, 0, 0, 0 } },
};
/* clang-format on */

static int make_call(const void *with)
{
	const struct call *c = with;
	char struct_of_zeros[512] = { 0 };
	long args[6];

	for (int n = 0; n < 6; n++) /* 1 stands for a structure, where an address is asked for */
		args[n] = c->args[n];
	if (c->number == SYS_adjtimex)
		args[0] = (long) struct_of_zeros, struct_of_zeros[0] = 1;
	if (c->number == SYS_clock_settime || c->number == SYS_clock_adjtime || c->number == SYS_ustat)
		args[1] = (long) memset(struct_of_zeros, 0xff, 16);
	if (c->number == SYS_settimeofday)
		args[0] = (long) memset(struct_of_zeros, 0xff, 16);
	if (c->number == SYS_perf_event_open)
		args[0] = (long) struct_of_zeros;
	errno = 0;
	return syscall(c->number, args[0], args[1], args[2], args[3], args[4], args[5]) < 0 ? -1 : 0;
}

static bool refused(int result) { return result == EPERM || result == EACCES || result == ENOSYS || result >= 254; }

static void system_calls(void)
{
	for (size_t n = 0; n < LENGTH(calls); n++)
		if (!refused(attempt(make_call, &calls[n])))
			has("system calls", calls[n].name);
}

#ifdef __x86_64__
static int call_i386(const void *with)
{
	long result;
	(void) with;
	__asm__ volatile("int $0x80" : "=a"(result) : "a"(20L /* getpid */) : "memory", "r8", "r9", "r10", "r11");
	errno = EPERM;
	return result > 0 ? 0 : -1;
}

static int call_x32(const void *with)
{
	(void) with;
	return syscall(0x40000000 | SYS_getpid) > 0 ? 0 : -1;
}
#endif

static void foreign_calls(void)
{
#ifdef __x86_64__
	if (!attempt(call_i386, NULL))
		has("calls of other architectures", "i386");
	if (!attempt(call_x32, NULL))
		has("calls of other architectures", "x32");
#endif
}

/* 3. Sockets. */

struct family {
	const char *name;
	int domain, type, protocol;
};

static int open_socket(const void *with)
{
	const struct family *f = with;
	return socket(f->domain, f->type, f->protocol) < 0 ? -1 : 0;
}

static void sockets(void)
{
	static const struct family families[] = {
		{ "raw IP", AF_INET, SOCK_RAW, 1 },     { "packets of the wire", AF_PACKET, SOCK_RAW, 0 },
		{ "AF_ALG", AF_ALG, SOCK_SEQPACKET, 0 }, { "AF_VSOCK", AF_VSOCK, SOCK_STREAM, 0 },
		{ "netlink audit", AF_NETLINK, SOCK_RAW, NETLINK_AUDIT },
	};
	for (size_t n = 0; n < LENGTH(families); n++)
		if (!attempt(open_socket, &families[n]))
			has("sockets", families[n].name);
}

/* 4. Namespaces, for the script to compare with the host's, and processes. */

static void namespaces(void)
{
	static const char *const names[] = { "mnt", "pid", "ipc", "uts", "net", "cgroup", "user", "time" };
	char path[64], target[64], item[160];

	for (size_t n = 0; n < LENGTH(names); n++) {
		snprintf(path, sizeof path, "/proc/self/ns/%s", names[n]);
		ssize_t length = readlink(path, target, sizeof target - 1);
		snprintf(item, sizeof item, "%s %.*s", names[n], length < 0 ? 0 : (int) length, target);
		has("namespaces of the host", item);
	}
}

static void processes(void)
{
	DIR *proc = opendir("/proc");
	int others = 0;

	for (struct dirent *e; proc && (e = readdir(proc));) {
		int pid = atoi(e->d_name);
		others += pid > 1 && pid != getpid();
	}
	if (others)
		has("processes that are not its own", "seen");
}

/* 5. Files of the kernel's. */

static bool has_content(const char *path)
{
	char byte;
	int fd = open(path, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (read(fd, &byte, 1) == 1)
		return true;
	DIR *dir = fdopendir(fd);
	for (struct dirent *e; dir && (e = readdir(dir));)
		if (*e->d_name != '.')
			return true;
	return false;
}

static void readable_paths(void)
{
	static const char *const paths[] = {
		"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/kmsg", "/proc/latency_stats",
		"/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/proc/vmallocinfo", "/proc/slabinfo",
		"/proc/pagetypeinfo", "/proc/kpagecount", "/sys/firmware", "/sys/devices/virtual/powercap", "/sys/kernel/debug",
		"/sys/kernel/tracing", "/sys/kernel/security", "/sys/fs/selinux", "/sys/fs/bpf",
	};
	for (size_t n = 0; n < LENGTH(paths); n++)
		if (has_content(paths[n]))
			has("readable of the kernel's secrets", paths[n]);
}

static bool is_number(const char *s) { return s[strspn(s, "0123456789")] == 0; }

/* Of /proc without its processes, and of /sys.  A file without a mode to write cannot be, whatever access(2) says
 * to CAP_DAC_OVERRIDE. */
static void walk(const char *row, const char *path, int depth)
{
	DIR *dir = depth < 12 ? opendir(path) : NULL;
	char below[4096];
	struct stat st;

	for (struct dirent *e; dir && (e = readdir(dir));) {
		snprintf(below, sizeof below, "%s/%s", path, e->d_name);
		if (*e->d_name == '.' || (!strcmp(path, "/proc") && is_number(e->d_name)) || lstat(below, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			walk(row, below, depth + 1);
		else if (S_ISREG(st.st_mode) && st.st_mode & 0222 && !faccessat(AT_FDCWD, below, W_OK, AT_EACCESS))
			has(row, below);
		if (S_ISDIR(st.st_mode) && !faccessat(AT_FDCWD, below, W_OK, AT_EACCESS) && strstr(below, "cgroup"))
			has(row, below);
	}
	if (dir)
		closedir(dir);
}

/* 6. The root, its mounts and devices. */

static void writable_places(void)
{
	static const char *const places[] = { "/", "/bin", "/etc", "/lib", "/sbin", "/usr", "/usr/bin", "/usr/lib", "/dev" };
	for (size_t n = 0; n < LENGTH(places); n++)
		if (!faccessat(AT_FDCWD, places[n], W_OK, AT_EACCESS))
			has("writable of the root", places[n]);
}

static void mounts(void)
{
	char line[4096], point[2048];
	FILE *f = fopen("/proc/self/mounts", "re");
	bool suid = false, device = false, both = false;

	while (f && fgets(line, sizeof line, f)) {
		struct statvfs fs;
		struct stat st;
		if (sscanf(line, "%*s %2047s", point) != 1 || statvfs(point, &fs) < 0 || stat(point, &st) < 0 || S_ISCHR(st.st_mode))
			continue;
		suid |= !(fs.f_flag & ST_NOSUID);
		device |= !(fs.f_flag & ST_NODEV) && strncmp(point, "/dev", 4) != 0 && !(fs.f_flag & ST_RDONLY);
		if (!strncmp(point, "/dev", 4) || !strncmp(point, "/proc", 5) || !strncmp(point, "/sys", 4))
			both |= !(fs.f_flag & ST_NOEXEC) && !(fs.f_flag & ST_RDONLY);
	}
	if (suid)
		has("mounts that allow", "set-user-ID");
	if (device)
		has("mounts that allow", "devices outside /dev");
	if (both)
		has("mounts that allow", "programs in /dev, /proc or /sys");
}

static void devices(const char *path)
{
	DIR *dir = opendir(path);
	char below[4096];
	struct stat st;

	for (struct dirent *e; dir && (e = readdir(dir));) {
		snprintf(below, sizeof below, "%s/%s", path, e->d_name);
		if (*e->d_name == '.' || lstat(below, &st) < 0)
			continue;
		if (S_ISDIR(st.st_mode))
			devices(below);
		if (S_ISCHR(st.st_mode) || S_ISBLK(st.st_mode))
			has("devices in /dev", below);
	}
	if (dir)
		closedir(dir);
}

struct device {
	const char *name;
	mode_t kind;
	unsigned major, minor;
};

static const char node[] = "/tmp/probe.node";

static int make_device(const void *with)
{
	const struct device *d = with;
	return mknod(node, d->kind | 0666, makedev(d->major, d->minor));
}

static int open_device(const void *with)
{
	(void) with;
	return open(node, O_RDONLY | O_NONBLOCK) < 0 ? -1 : 0;
}

static void device_nodes(void)
{
	static const struct device wanted[] = {
		{ "memory", S_IFCHR, 1, 1 },	   { "ports", S_IFCHR, 1, 4 },	 { "kernel log", S_IFCHR, 1, 11 },
		{ "first disk", S_IFBLK, 8, 0 },   { "loop", S_IFBLK, 7, 0 },	 { "virtual disk", S_IFBLK, 254, 0 },
		{ "console", S_IFCHR, 5, 1 },	   { "fuse", S_IFCHR, 10, 229 }, { "tun", S_IFCHR, 10, 200 },
		{ "kvm", S_IFCHR, 10, 232 },	   { "rtc", S_IFCHR, 254, 0 },
	};
	for (size_t n = 0; n < LENGTH(wanted); n++) {
		if (attempt(make_device, &wanted[n]))
			continue;
		has("devices it can make", wanted[n].name);
		if (!attempt(open_device, NULL))
			has("devices it can make and open", wanted[n].name);
		unlink(node);
	}
}

int main(void)
{
	status_lines();
	system_calls();
	foreign_calls();
	sockets();
	namespaces();
	processes();
	readable_paths();
	walk("writable in /proc and /sys", "/proc", 0);
	walk("writable in /proc and /sys", "/sys", 0);
	writable_places();
	mounts();
	devices("/dev");
	device_nodes();
	return 0;
}
