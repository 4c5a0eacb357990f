#include "reaper.h"

#include "base/syscall.h"
#include "privilege.h"
#include "signals.h"
#include "tell.h"

#include <asm/errno.h>
#include <asm/ioctls.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <linux/wait.h>

#if defined __x86_64__
#define OWN_ARCH AUDIT_ARCH_X86_64
#elif defined __aarch64__
#define OWN_ARCH AUDIT_ARCH_AARCH64
#endif

/* clang-format off */
#define LOAD(member) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, member))
#define END(what)    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_##what)
#define ALLOW(name)  BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1), END(ALLOW)

/* All that it ever does from here on. */
static const struct sock_filter own_filter[] = {
	LOAD(arch),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, OWN_ARCH, 1, 0), END(KILL_PROCESS),
	LOAD(nr),
	ALLOW(rt_sigtimedwait), ALLOW(wait4), ALLOW(kill), ALLOW(prctl), ALLOW(exit_group),
	END(KILL_PROCESS),
};
/* clang-format on */

/* A session has its terminal until its leader gives it up, which sends SIGHUP and SIGCONT to who is in the foreground:
 * this process, which is not to hear them.  False: this session has none on its stdin. */
static bool terminal_leave(void)
{
	signals_ignore_hangup(true);
	bool had_one = SYSCALL(ioctl, 0, TIOCNOTTY) >= 0;
	signals_ignore_hangup(false);
	return had_one;
}

/* prctl(2) cuts it at 15 characters. */
static void name_take(const char *name) { SYSCALL(prctl, PR_SET_NAME, name, 0, 0, 0); }

/* Nobody waits for the end of a pipe because of it, no mount is busy with it, and nothing of the host is in its memory.
 * It has no_new_privs, no capability but CAP_KILL (see privileges_shed), and a filter where the kernel has them. */
static void shed(struct plan *p)
{
	struct sock_fprog program = { sizeof own_filter / sizeof *own_filter, (struct sock_filter *) own_filter };

	SYSCALL(close_range, 0, ~0U, 0);
	SYSCALL(chdir, "/");
	privileges_shed(p);
	SYSCALL(munmap, p, p->size);
	name_take("bivy-init");
	SYSCALL(seccomp, SECCOMP_SET_MODE_FILTER, 0, &program);
}

/* What the program's parent can see, and process 1 of a pid namespace cannot do itself: no signal that is sent from
 * inside kills it.  So the code is what a shell would say, and the name tells the signal to who looks before the
 * process is reaped (bivy-shim): "signal 11", "signal 11 core". */
_Noreturn static void end_as(int status)
{
	static char name[16] = "signal ";
	int signal = status & 0x7f;
	char *at = name + 7;

	if (!signal)
		leave(status >> 8 & 0xff);
	for (const char *digit = decimal(signal); *digit; digit++)
		*at++ = *digit;
	for (const char *core = status & 0x80 ? " core" : ""; *core; core++)
		*at++ = *core;
	name_take(name);
	leave(128 + signal);
}

static void reap(int program)
{
	int status = 0;
	long pid;

	while ((pid = SYSCALL(wait4, -1, &status, WNOHANG, NULL)) > 0)
		if (pid == program)
			end_as(status);
}

/* si_code: positive when it is the kernel that tells of a child; a SIGCHLD that somebody sent is passed on as any
 * other. */
_Noreturn static void serve(int program)
{
	uint64_t all = ~(uint64_t) 0;
	siginfo_t info;

	info.si_code = 0; /* an initialiser would be a call of memset */
	for (;;) {
		long signal = SYSCALL(rt_sigtimedwait, &all, &info, NULL, sizeof all);
		if (signal == SIGCHLD)
			reap(program);
		if (signal > 0 && (signal != SIGCHLD || info.si_code <= 0))
			SYSCALL(kill, program, signal);
	}
}

void reaper_stay(struct plan *p)
{
	if (!p->reaper)
		return;
	bool terminal = terminal_leave();
	signals_hold(); /* before the fork: what comes meanwhile waits, and is passed on */
	long pid = SYSCALL(clone, SIGCHLD);
	if (pid < 0)
		FAIL(-pid, " (an init needs room for one process more: linux.resources.pids.limit, RLIMIT_NPROC)",
		     "clone");
	if (pid) {
		shed(p);
		serve((int) pid);
	}
	must(SYSCALL(setsid, 0), "setsid");
	if (terminal)
		must(SYSCALL(ioctl, 0, TIOCSCTTY, 0), "controlling terminal");
	signals_release();
}
