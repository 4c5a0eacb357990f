/* bivy-init: what stands in the container between `create` and its program, as the container's first process.  It does
 * what the plan says (sys/plan.h), in the order of the table below, without a libc: a created container holds
 * kilobytes, and the program that the container can see behind /proc/PID/exe is a sealed copy of this. */
#include "attribute.h"
#include "base/syscall.h"
#include "hook.h"
#include "privilege.h"
#include "reaper.h"
#include "signals.h"
#include "tell.h"

#include <asm/errno.h>
#include <linux/close_range.h>
#include <linux/fcntl.h>
#include <linux/limits.h>
#include <linux/net.h>
#include <linux/prctl.h>

/* Until the program is there, nobody in the container may look into this process or at its descriptors. */
static void hide(struct plan *p)
{
	(void) p;
	must(SYSCALL(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl");
}

/* CVE-2024-21626: what somebody left open must not be the program's way to the host. */
static void descriptors_mark(struct plan *p)
{
	tell_to(p->peer_fd);
	must(SYSCALL(close_range, 3 + p->keep_fds, ~0U, CLOSE_RANGE_CLOEXEC), "close_range");
}

static void signals_set(struct plan *p)
{
	(void) p;
	signals_take();
}

/* The listening socket goes with the first connection, so that there is no second `start`.  One that has gone away
 * since is no reason not to run: it was asked for. */
static void start_wait(struct plan *p)
{
	if (p->start_fd < 0)
		return;
	int fd = (int) must(SYSCALL(accept4, p->start_fd, NULL, NULL, O_CLOEXEC), "accept");
	SYSCALL(close, p->start_fd);
	tell_to(fd);
	tell_progress(TAKEN_ON);
}

static bool cwd_refused(struct plan *p)
{
	const char *cwd = plan_at(p, p->cwd);
	long result = cwd && *cwd ? SYSCALL(chdir, cwd) : 0;

	if (result == -EACCES || result == -EPERM)
		return true;
	if (result < 0)
		FAIL(-result, NULL, "chdir ", cwd);
	return false;
}

/* Inside the root, or the path leads out of the container: CVE-2024-21626. */
static void cwd_check(void)
{
	char path[PATH_MAX];
	*path = 0;
	long result = SYSCALL(getcwd, path, sizeof path);

	if (result < 0 || *path != '/')
		FAIL(result < 0 ? -result : 0, NULL, "the working directory is not inside the container");
}

/* Root may go where the user may not, and the other way round on a file system that trusts no root: either is enough.
 */
static void cwd_and_user(struct plan *p)
{
	bool again = cwd_refused(p);

	tell_step("user");
	stdio_give(p);
	user_become(p);
	tell_step("cwd");
	if (again && cwd_refused(p))
		FAIL(EACCES, " (neither as root nor as the user)", "chdir ", plan_at(p, p->cwd));
	cwd_check();
}

static void umask_take(struct plan *p)
{
	if (p->umask_set)
		SYSCALL(umask, p->umask);
}

/* clang-format off */
static const struct {
	int error, code;
} refusals[] = {
	{ ENOENT,  NOT_FOUND },		{ ENOTDIR, NOT_FOUND },
	{ EACCES,  NOT_EXECUTABLE },	{ ENOEXEC, NOT_EXECUTABLE },
	{ EPERM,   NOT_EXECUTABLE },	{ EISDIR,  NOT_EXECUTABLE },
	{ ELOOP,   NOT_EXECUTABLE },	{ ETXTBSY, NOT_EXECUTABLE },
	{ ELIBBAD, NOT_EXECUTABLE },	{ 0 },
};
/* clang-format on */

/* Why it was refused is found out by who is told (box/postmortem.c), not in here, where a filter is loaded. */
static void program_become(struct plan *p)
{
	const char *program = plan_at(p, p->program);
	char **args = plan_list(p, p->args), **env = plan_list(p, p->env);
	long error = -SYSCALL(execve, program, args, env);

	for (int i = 0; refusals[i].error; i++)
		if (refusals[i].error == error)
			tell_code(refusals[i].code);
	tell_refused(error, program);
}

/* The order and its reasons: sys/plan.h. */
/* clang-format off */
static const struct {
	const char *name;
	void (*take)(struct plan *);
} steps[] = {
	{ "process",              hide },
	{ "descriptors",          descriptors_mark },
	{ "signals",              signals_set },
	{ "start",                start_wait },
	{ "hooks startContainer", hooks_run },
	{ "profile or label",     attributes_write },
	{ "capabilities",         bounding_drop },
	{ "cwd",                  cwd_and_user },
	{ "umask",                umask_take },
	{ "init",                 reaper_stay },
	{ "noNewPrivileges",      no_new_privileges },
	{ "capabilities",         caps_take },
	{ "capabilities",         ambient_raise },
	{ "seccomp",              filter_load },
	{ "capabilities",         caps_give_back },
	{ "exec",                 program_become },
};
/* clang-format on */

static int plan_fd(const char *digits)
{
	int n = 0;
	for (; *digits >= '0' && *digits <= '9'; digits++)
		n = 10 * n + (*digits - '0');
	return n;
}

/* stack: as the kernel leaves it, argc and then argv. */
_Noreturn __attribute__((used)) void begin(long *stack)
{
	char **argv = (char **) (stack + 1);

	tell_step("plan");
	if (stack[0] < 2)
		FAIL(0, NULL, "bivy-init is started by bivy, not by hand");
	struct plan *p = plan_map(plan_fd(argv[1]));
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		tell_step(steps[i].name);
		steps[i].take(p);
	}
	leave(COULD_NOT);
}

#if defined __x86_64__
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall begin\n");
#elif defined __aarch64__
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n\tmov x0, sp\n\tb begin\n");
#endif
