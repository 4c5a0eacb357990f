#include "sys/ns.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "oci/config.h"
#include "oci/names.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int namespace_open(const char *path, int flag)
{
	int fd = try_open(AT_FDCWD, path, O_RDONLY);
	if (fd < 0)
		fail_sys("%s namespace %s", value_word(namespace_names, flag), path);
	if (ioctl(fd, NS_GET_NSTYPE) != flag)
		fail("%s is not a %s namespace", path, value_word(namespace_names, flag));
	return fd;
}

void namespace_enter(const struct join *j)
{
	if (setns(j->fd, j->flag) < 0)
		fail_sys("enter the %s namespace %s", value_word(namespace_names, j->flag), j->path);
}

static pid_t clone_with(const struct birth *b, uint64_t more)
{
	struct clone_args args = { .flags = b->flags | more, .exit_signal = more & CLONE_PARENT ? 0 : SIGCHLD };

	if (b->cgroup >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t) b->cgroup;
	}
	pid_t pid = (pid_t) syscall(SYS_clone3, &args, sizeof args);
	if (pid < 0 && errno == EINVAL && b->flags & CLONE_NEWTIME)
		fail_sys("the kernel has no time namespaces");
	if (pid < 0 && errno == EPERM && b->flags & CLONE_NEWUSER)
		fail("new user namespace: Operation not permitted: a process in a chroot may not make one, nor one "
		     "that "
		     "kernel.unprivileged_userns_clone or an LSM forbids it");
	if (pid < 0 && errno == ENOSPC)
		fail("a limit on namespaces is reached; see /proc/sys/user/max_*_namespaces");
	if (pid < 0)
		fail_sys("new process");
	return pid;
}

static void enter_all(const struct birth *b)
{
	if (b->before)
		b->before(b->context);
	for (struct join *j = b->joins; j && j->flag; j++)
		namespace_enter(j);
	if (b->container >= 0 && b->joined && setns(b->container, b->joined) < 0)
		fail_sys("enter the container's namespaces");
}

/* Returns in the new process only. */
static void spawn_between(const struct birth *b, int tell)
{
	undo_forget();
	enter_all(b);
	pid_t pid = clone_with(b, CLONE_PARENT);
	if (!pid)
		return;
	/* The number is as the parent sees it: entering a pid namespace changes it for children only. */
	_exit(write(tell, &pid, sizeof pid) == sizeof pid ? 0 : COULD_NOT);
}

static pid_t spawn_joined(const struct birth *b)
{
	int ends[2], status = 0;
	pid_t between, pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		fail_sys("pipe");
	between = fork();
	if (between < 0)
		fail_sys("fork");
	if (!between) {
		spawn_between(b, ends[1]);
		close(ends[0]);
		close(ends[1]);
		return 0;
	}
	close(ends[1]);
	ssize_t n = read(ends[0], &pid, sizeof pid);
	close(ends[0]);
	waitpid(between, &status, 0);
	if (n == sizeof pid)
		return pid;
	if (WIFSIGNALED(status))
		fail("killed by signal %d on the way into the namespaces (has the container ended meanwhile?)",
		     WTERMSIG(status));
	/* What it could not do has been said by itself, on the stream that it shares with us. */
	undo_all();
	exit(WEXITSTATUS(status) ? WEXITSTATUS(status) : EXIT_FAILURE);
}

pid_t process_spawn(const struct birth *b)
{
	if ((b->joins && b->joins->flag) || b->container >= 0)
		return spawn_joined(b);
	if (b->before)
		b->before(b->context);
	return clone_with(b, 0);
}

void time_offsets_set(struct time_offset *const *offsets)
{
	if (unshare(CLONE_NEWTIME) < 0)
		fail_sys("new time namespace");
	EACH(o, offsets)
		write_file(AT_FDCWD, "/proc/self/timens_offsets",
			   fmt("%s %lld %u\n", (*o)->key, (long long) (*o)->secs, (*o)->nanosecs));
}

void hostname_set(const char *hostname, const char *domainname)
{
	if (hostname && sethostname(hostname, strlen(hostname)) < 0)
		fail_sys("hostname \"%s\"", hostname);
	if (domainname && setdomainname(domainname, strlen(domainname)) < 0)
		fail_sys("domainname \"%s\"", domainname);
}
