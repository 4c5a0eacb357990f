#include "task/caps.h"

#include "base/mem.h"
#include "base/text.h"
#include "oci/names.h"

#include <ctype.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/prctl.h>

/* Sorted by name, the order that messages and config.json show.  syscalls: what the default filter withholds from
 * whoever lacks the capability; the kernel asks for it in them anyway, and the filter is there for the day when it does
 * not. */
/* clang-format off */
static const struct cap { const char *name; int number; const char *syscalls; } caps[] = {
	{ "audit_control",      CAP_AUDIT_CONTROL, NULL },
	{ "audit_read",         CAP_AUDIT_READ, NULL },
	{ "audit_write",        CAP_AUDIT_WRITE, NULL },
	{ "block_suspend",      CAP_BLOCK_SUSPEND, NULL },
	{ "bpf",                CAP_BPF, "bpf" },
	{ "checkpoint_restore", CAP_CHECKPOINT_RESTORE, "kcmp" },
	{ "chown",              CAP_CHOWN, NULL },
	{ "dac_override",       CAP_DAC_OVERRIDE, NULL },
	{ "dac_read_search",    CAP_DAC_READ_SEARCH, "open_by_handle_at" },
	{ "fowner",             CAP_FOWNER, NULL },
	{ "fsetid",             CAP_FSETID, NULL },
	{ "ipc_lock",           CAP_IPC_LOCK, NULL },
	{ "ipc_owner",          CAP_IPC_OWNER, NULL },
	{ "kill",               CAP_KILL, NULL },
	{ "lease",              CAP_LEASE, NULL },
	{ "linux_immutable",    CAP_LINUX_IMMUTABLE, NULL },
	{ "mac_admin",          CAP_MAC_ADMIN, NULL },
	{ "mac_override",       CAP_MAC_OVERRIDE, NULL },
	{ "mknod",              CAP_MKNOD, NULL },
	{ "net_admin",          CAP_NET_ADMIN, NULL },
	{ "net_bind_service",   CAP_NET_BIND_SERVICE, NULL },
	{ "net_broadcast",      CAP_NET_BROADCAST, NULL },
	{ "net_raw",            CAP_NET_RAW, NULL },
	{ "perfmon",            CAP_PERFMON, "perf_event_open" },
	{ "setfcap",            CAP_SETFCAP, NULL },
	{ "setgid",             CAP_SETGID, NULL },
	{ "setpcap",            CAP_SETPCAP, NULL },
	{ "setuid",             CAP_SETUID, NULL },
	{ "sys_admin",          CAP_SYS_ADMIN,
	  "clone clone3 unshare setns mount mount_setattr umount umount2 pivot_root fsopen fsconfig fsmount fspick move_mount open_tree "
	  "open_tree_attr statmount listmount sethostname setdomainname quotactl quotactl_fd fanotify_init fanotify_mark lookup_dcookie "
	  "bpf perf_event_open syslog swapon swapoff" },
	{ "sys_boot",           CAP_SYS_BOOT, "reboot kexec_load kexec_file_load" },
	{ "sys_chroot",         CAP_SYS_CHROOT, "chroot" },
	{ "sys_module",         CAP_SYS_MODULE, "init_module finit_module delete_module" },
	{ "sys_nice",           CAP_SYS_NICE,
	  "get_mempolicy mbind set_mempolicy set_mempolicy_home_node migrate_pages move_pages process_madvise" },
	{ "sys_pacct",          CAP_SYS_PACCT, "acct" },
	{ "sys_ptrace",         CAP_SYS_PTRACE, "kcmp pidfd_getfd userfaultfd" },
	{ "sys_rawio",          CAP_SYS_RAWIO, "iopl ioperm" },
	{ "sys_resource",       CAP_SYS_RESOURCE, NULL },
	{ "sys_time",           CAP_SYS_TIME, "settimeofday stime clock_settime clock_settime64" },
	{ "sys_tty_config",     CAP_SYS_TTY_CONFIG, "vhangup" },
	{ "syslog",             CAP_SYSLOG, "syslog" },
	{ "wake_alarm",         CAP_WAKE_ALARM, NULL },
	{ 0 },
};
/* clang-format on */

static uint64_t bit(const struct cap *c) { return 1ULL << c->number; }

/* What the running kernel knows. */
static uint64_t caps_all(void)
{
	uint64_t all = 0;
	for (const struct cap *c = caps; c->name; c++)
		if (prctl(PR_CAPBSET_READ, c->number) >= 0)
			all |= bit(c);
	return all;
}

uint64_t caps_bound(void)
{
	uint64_t bound = 0;
	for (const struct cap *c = caps; c->name; c++)
		if (prctl(PR_CAPBSET_READ, c->number) == 1)
			bound |= bit(c);
	return bound;
}

static const char *plain(const char *name)
{
	char *p = text(trim(name));
	for (char *c = p; *c; c++)
		*c = (char) tolower((unsigned char) *c);
	return starts_with(p, "cap_") ? p + 4 : p;
}

static uint64_t caps_named(const char *name)
{
	if (same(name, "all"))
		return caps_all();
	for (const struct cap *c = caps; c->name; c++)
		if (same(c->name, name))
			return bit(c) & caps_all();
	return 0;
}

static const char **insert_sorted(const char **list, const char *word)
{
	const char **sorted = NULL;
	bool in = false;
	EACH(w, list) {
		int order = strcmp(word, *w);
		if (!order)
			return list;
		if (order < 0 && !in)
			sorted = append(sorted, word), in = true;
		sorted = append(sorted, *w);
	}
	return in ? sorted : append(sorted, word);
}

uint64_t caps_mask(const char *const *names, const char **unknown)
{
	uint64_t mask = 0;
	const char **strangers = NULL;
	EACH(n, names) {
		const char *name = plain(*n);
		uint64_t one = caps_named(name);
		mask |= one;
		if (*name && !one)
			strangers = insert_sorted(strangers, name);
	}
	*unknown = strangers ? join(strangers, ", ") : NULL;
	return mask;
}

static const char *listed(uint64_t mask)
{
	const char **names = NULL;
	for (const struct cap *c = caps; c->name; c++)
		if (mask & bit(c))
			names = append(names, c->name);
	return join(names, ", ");
}

uint64_t caps_granted(uint64_t allowed, uint64_t added, uint64_t dropped, const char **denied)
{
	*denied = added & ~allowed ? listed(added & ~allowed) : NULL;
	return (CAPS_DEFAULT & allowed & ~dropped) | added;
}

const char **caps_names(uint64_t mask)
{
	const char **names = mem(sizeof *names);
	for (const struct cap *c = caps; c->name; c++) {
		if (!(mask & bit(c)))
			continue;
		char *name = fmt("CAP_%s", c->name);
		for (char *p = name; *p; p++)
			*p = (char) toupper((unsigned char) *p);
		names = append(names, name);
	}
	return names;
}

/* Rules that allow a call in part, or answer in its stead, would stand in the way of allowing all of it. */
static struct seccomp_rule **without(struct seccomp_rule **rules, const char *const *calls)
{
	struct seccomp_rule **left = NULL;
	EACH(r, rules)
		if (!contains_word(calls, (*r)->names[0]))
			left = append(left, *r);
	return left;
}

void caps_widen(struct seccomp *s, uint64_t mask)
{
	const char **calls = NULL;
	for (const struct cap *c = caps; c->name; c++) {
		if (!(mask & bit(c)) || !c->syscalls)
			continue;
		EACH(call, split(c->syscalls, ' '))
			if (!contains_word(calls, *call))
				calls = append(calls, *call);
	}
	if (!calls)
		return;
	struct seccomp_rule *rule = mem(sizeof *rule);
	*rule = (struct seccomp_rule){ .names = calls,
				       .action = (uint32_t) word_value(seccomp_action_names, "SCMP_ACT_ALLOW", 0) };
	s->rules = append(without(s->rules, calls), rule);
}
