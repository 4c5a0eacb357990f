#include "privilege.h"

#include "base/syscall.h"
#include "tell.h"

#include <asm/errno.h>
#include <asm/stat.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <stdbool.h>

#define MASK(cap) ((uint64_t) 1 << (cap))

struct sets {
	uint64_t effective, permitted, inheritable;
};

static struct sets sets_now(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { 0 };

	must(SYSCALL(capget, &head, data), "capget");
	return (struct sets){
		.effective = (uint64_t) data[1].effective << 32 | data[0].effective,
		.permitted = (uint64_t) data[1].permitted << 32 | data[0].permitted,
		.inheritable = (uint64_t) data[1].inheritable << 32 | data[0].inheritable,
	};
}

static void sets_become(struct sets s)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[] = {
		{ (uint32_t) s.effective, (uint32_t) s.permitted, (uint32_t) s.inheritable },
		{ (uint32_t) (s.effective >> 32), (uint32_t) (s.permitted >> 32), (uint32_t) (s.inheritable >> 32) },
	};
	must(SYSCALL(capset, &head, data), "capset");
}

static struct sets sets_wanted(const struct plan *p)
{
	return (struct sets){ p->effective, p->permitted, p->inheritable };
}

/* Without no_new_privs the kernel takes a filter only from CAP_SYS_ADMIN. */
static uint64_t needed_by_filter(const struct plan *p)
{
	return p->filter && !p->no_new_privileges ? MASK(CAP_SYS_ADMIN) : 0;
}

void bounding_drop(struct plan *p)
{
	for (uint32_t cap = 0; p->caps_set && cap <= p->last_cap; cap++)
		if (!(p->bounding & MASK(cap)))
			must(SYSCALL(prctl, PR_CAPBSET_DROP, cap, 0, 0, 0), "drop from the bounding set");
}

static void become(long result, const char *call, uint32_t id)
{
	const char *hint = result == -EINVAL ? " (is it mapped in the user namespace?)" : NULL;
	if (result < 0)
		FAIL(-result, hint, call, " ", decimal(id));
}

/* inode(7); linux/stat.h keeps its names from whoever has seen a libc's header. */
enum { TYPE_MASK = 0170000, FIFO = 0010000, REGULAR = 0100000, SOCKET = 0140000 };

static bool may_be_given(int fd, uint32_t mode)
{
	switch (mode & TYPE_MASK) {
	case FIFO:
	case SOCKET: return true;
	case REGULAR: return fd > 0;
	default: return false;
	}
}

/* The program may open its own /dev/stdin, /dev/stdout and /dev/stderr, which asks for the owner of a pipe or a file;
 * as with runc and crun.  Left alone are devices, because they are not only this container's, and a file that is read:
 * it has an owner for a reason.  What cannot be given (the user is not mapped, the file system is read-only) stays. */
void stdio_give(struct plan *p)
{
	struct stat st;
	st.st_uid = st.st_mode = 0; /* an initialiser would be a call of memset */
	for (int fd = 0; fd <= 2; fd++)
		if (SYSCALL(fstat, fd, &st) >= 0 && st.st_uid != p->uid && may_be_given(fd, st.st_mode))
			SYSCALL(fchown, fd, p->uid, -1);
}

/* Groups first: without root nobody may change them. */
void user_become(struct plan *p)
{
	must(SYSCALL(prctl, PR_SET_KEEPCAPS, 1, 0, 0, 0), "keep capabilities");
	if (p->set_groups)
		must(SYSCALL(setgroups, p->group_count, plan_at(p, p->groups)), "setgroups");
	become(SYSCALL(setresgid, p->gid, p->gid, p->gid), "setresgid", p->gid);
	become(SYSCALL(setresuid, p->uid, p->uid, p->uid), "setresuid", p->uid);
}

void no_new_privileges(struct plan *p)
{
	if (p->no_new_privileges)
		must(SYSCALL(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl");
}

/* Where the sets are left alone, what is made effective here for the filter's sake does not outlive the exec: the
 * kernel computes the program's sets from the user and the ambient set. */
void caps_take(struct plan *p)
{
	uint64_t hold = needed_by_filter(p);
	if (!p->caps_set && !hold)
		return;

	struct sets now = sets_now(), want = p->caps_set ? sets_wanted(p) : now;
	hold &= now.permitted; /* it is not there: the filter's refusal says so better */
	want.effective |= hold;
	want.permitted |= hold;
	sets_become(want);
}

void ambient_raise(struct plan *p)
{
	if (!p->caps_set)
		return;
	must(SYSCALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "clear the ambient set");
	for (uint32_t cap = 0; cap <= p->last_cap; cap++)
		if (p->ambient & MASK(cap))
			must(SYSCALL(prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0),
			     "raise in the ambient set");
}

/* Read and written by the process that waits for us, so that no system call is needed here: with the filter any may be
 * one that waits for an answer from whoever gets the listener.  That process may be killed: then the wait ends after
 * minutes. */
static volatile struct plan_handover handover = { .listener = -1 };

static void listener_ask(void)
{
	char question[1 + sizeof(uint64_t)] = { LISTENER_ASKED };
	uint64_t address = (uintptr_t) &handover;

	for (size_t i = 0; i < sizeof address; i++)
		question[1 + i] = ((const char *) &address)[i];
	if (!tell_ask(question, sizeof question))
		leave_with_code();
}

static void listener_give(long fd)
{
	handover.listener = (int32_t) fd;
	for (uint32_t patience = UINT32_MAX; !handover.go && patience; patience--)
#if defined __x86_64__
		__asm__ volatile("pause" ::: "memory");
#else
		__asm__ volatile("yield" ::: "memory");
#endif
	if (!handover.go)
		leave_with_code();
}

void filter_load(struct plan *p)
{
	struct sock_fprog program = { (unsigned short) p->filter_length, plan_at(p, p->filter) };
	if (!p->filter)
		return;
	bool notifies = p->filter_flags & SECCOMP_FILTER_FLAG_NEW_LISTENER;
	if (notifies)
		listener_ask();

	long result = SYSCALL(seccomp, SECCOMP_SET_MODE_FILTER, p->filter_flags, &program);
	const char *hint = result == -EACCES   ? " (set noNewPrivileges, or start with CAP_SYS_ADMIN)"
			   : result == -EINVAL ? " (does this kernel know all of its flags?)"
					       : NULL;
	if (result < 0)
		FAIL(-result, hint, "load the filter");
	if (notifies)
		listener_give(result);
}

/* CAP_KILL is kept where the program may have it: who changes its user (su, a server that drops root) is still to hear
 * the signals that are passed on.  After the user change, which makes a process dumpable again. */
void privileges_shed(struct plan *p)
{
	struct sets now = sets_now();
	uint64_t kept = MASK(CAP_KILL) & now.permitted & (p->caps_set ? p->bounding : now.permitted);

	SYSCALL(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0);
	SYSCALL(prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	sets_become((struct sets){ .effective = kept, .permitted = kept });
}

void caps_give_back(struct plan *p)
{
	if (p->caps_set && needed_by_filter(p) & ~(p->effective & p->permitted))
		sets_become(sets_wanted(p));
}
