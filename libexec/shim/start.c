/* The few functions of libc that bivy-shim uses, as the system calls they are.  The rest of the shim is ordinary C, and
 * builds with a libc as well (then this file is empty): a static glibc costs each container 700 KiB of resident memory,
 * this 16.  Manuals: section 2 of each name; what the kernel sees differently from libc is said beside it. */
#if !__STDC_HOSTED__
#include "base/syscall.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define KERNEL_SIGSET 8 /* bytes; libc's sigset_t is longer, its first 64 bits are the same */

int main(int argc, char **argv);

__attribute__((used)) _Noreturn void begin(long *stack) { leave(main((int) *stack, (char **) (stack + 1))); }

#if defined __x86_64__
__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall begin\n");
#elif defined __aarch64__
__asm__(".globl _start\n_start:\n\tmov x29, #0\n\tmov x30, #0\n\tmov x0, sp\n\tb begin\n");
#endif

int *__errno_location(void)
{
	static int error;
	return &error;
}

static long result(long n)
{
	if (n >= 0)
		return n;
	errno = (int) -n;
	return -1;
}

/* clang-format off */
#define CALL(name, ...) return (__typeof__(name(__VA_ARGS__))) result(SYSCALL(name, __VA_ARGS__))

ssize_t read(int fd, void *to, size_t n)		{ CALL(read, fd, to, n); }
ssize_t write(int fd, const void *from, size_t n)	{ CALL(write, fd, from, n); }
int close(int fd)					{ CALL(close, fd); }
int fsync(int fd)					{ CALL(fsync, fd); }
int fstat(int fd, struct stat *to)			{ CALL(fstat, fd, to); }
ssize_t pread(int fd, void *to, size_t n, off_t at)	{ return (ssize_t) result(SYSCALL(pread64, fd, to, n, at)); }
ssize_t pwrite(int fd, const void *from, size_t n, off_t at) { return (ssize_t) result(SYSCALL(pwrite64, fd, from, n, at)); }
ssize_t tee(int fd, int to, size_t n, unsigned flags)	{ CALL(tee, fd, to, n, flags); }
ssize_t splice(int fd, off64_t *at, int to, off64_t *there, size_t n, unsigned flags) { CALL(splice, fd, at, to, there, n, flags); }
int madvise(void *at, size_t n, int what)		{ CALL(madvise, at, n, what); }
int ftruncate(int fd, off_t size)			{ CALL(ftruncate, fd, size); }
int fallocate(int fd, int how, off_t at, off_t n)	{ CALL(fallocate, fd, how, at, n); }
int fchmod(int fd, mode_t mode)				{ CALL(fchmod, fd, mode); }
int unlinkat(int dir, const char *path, int flags)	{ CALL(unlinkat, dir, path, flags); }
int pipe2(int ends[2], int flags)			{ CALL(pipe2, ends, flags); }
ssize_t getdents64(int fd, void *to, size_t n)		{ CALL(getdents64, fd, to, n); }
int renameat(int d, const char *from, int e, const char *to) { CALL(renameat, d, from, e, to); }
int chdir(const char *path)				{ CALL(chdir, path); }
mode_t umask(mode_t mode)				{ CALL(umask, mode); }
pid_t getpid(void)					{ return (pid_t) SYSCALL(getpid, 0); }
pid_t setsid(void)					{ return (pid_t) result(SYSCALL(setsid, 0)); }
int clock_gettime(clockid_t clock, struct timespec *to)	{ CALL(clock_gettime, clock, to); }
int accept4(int fd, struct sockaddr *restrict a, socklen_t *restrict n, int flags) { CALL(accept4, fd, a, n, flags); }
int listen(int fd, int backlog)				{ CALL(listen, fd, backlog); }
int kill(pid_t pid, int signal)				{ CALL(kill, pid, signal); }
void _exit(int code)					{ leave(code); }

/* Those that the kernel has with more arguments, or by another name. */
pid_t fork(void)			{ return (pid_t) result(SYSCALL(clone, SIGCHLD, 0, 0, 0, 0)); }
int dup2(int fd, int to)		{ return fd == to ? fd : (int) result(SYSCALL(dup3, fd, to, 0)); }
int waitid(idtype_t type, id_t id, siginfo_t *to, int how) { return (int) result(SYSCALL(waitid, type, id, to, how, NULL)); }
ssize_t send(int fd, const void *from, size_t n, int flags) { return result(SYSCALL(sendto, fd, from, n, flags, NULL, 0)); }
ssize_t recv(int fd, void *to, size_t n, int flags)	{ return result(SYSCALL(recvfrom, fd, to, n, flags, NULL, NULL)); }
int signalfd(int fd, const sigset_t *set, int flags)	{ return (int) result(SYSCALL(signalfd4, fd, set, KERNEL_SIGSET, flags)); }
/* clang-format on */

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
	return (int) result(SYSCALL(rt_sigprocmask, how, set, old, KERNEL_SIGSET));
}

int sigemptyset(sigset_t *set)
{
	memset(set, 0, sizeof *set);
	return 0;
}

int sigfillset(sigset_t *set)
{
	memset(set, 0xff, sizeof *set);
	return 0;
}

int sigaddset(sigset_t *set, int signal)
{
	*(uint64_t *) (void *) set |= 1UL << (signal - 1);
	return 0;
}

/* Without a handler only: then the kernel's struct needs no restorer, and all but its first member is 0. */
__sighandler_t signal(int signal, __sighandler_t how)
{
	__sighandler_t action[4] = { how };
	return result(SYSCALL(rt_sigaction, signal, action, NULL, KERNEL_SIGSET)) < 0 ? SIG_ERR : SIG_DFL;
}

int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
	struct timespec t = { timeout_ms / 1000, timeout_ms % 1000 * 1000000L };
	return (int) result(SYSCALL(ppoll, fds, n, timeout_ms < 0 ? NULL : &t, NULL, 0));
}

/* What follows takes what the kernel takes: a last argument that was not given is not looked at there either. */
#define LAST_ARGUMENT(after)                            \
	va_list ap;                                     \
	va_start(ap, after);                            \
	unsigned long last = va_arg(ap, unsigned long); \
	va_end(ap)

int openat(int dir, const char *path, int flags, ...)
{
	LAST_ARGUMENT(flags);
	CALL(openat, dir, path, flags, last);
}

int open(const char *path, int flags, ...)
{
	LAST_ARGUMENT(flags);
	return openat(AT_FDCWD, path, flags, last);
}

int fcntl(int fd, int what, ...)
{
	LAST_ARGUMENT(what);
	CALL(fcntl, fd, what, last);
}

int ioctl(int fd, unsigned long what, ...)
{
	LAST_ARGUMENT(what);
	return (int) result(SYSCALL(ioctl, fd, what, last));
}

int prctl(int what, ...)
{
	LAST_ARGUMENT(what);
	return (int) result(SYSCALL(prctl, what, last, 0, 0, 0));
}

long syscall(long number, ...)
{
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	return result(syscall6(number, a[0], a[1], a[2], a[3], a[4], a[5]));
}

/* A compiler that sees through these loops would have them call themselves. */
#define KEEP_LOOP __asm__ volatile("")

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		((char *) to)[i] = ((const char *) from)[i];
		KEEP_LOOP;
	}
	return to;
}

void *memset(void *to, int with, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		((char *) to)[i] = (char) with;
		KEEP_LOOP;
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;
	for (; n && *x == *y; n--, x++, y++)
		;
	return n ? *x - *y : 0;
}

size_t strlen(const char *s)
{
	size_t n = 0;
	for (; s[n]; n++)
		KEEP_LOOP;
	return n;
}

char *strchr(const char *s, int c)
{
	for (; *s && *s != (char) c; s++)
		;
	return *s == (char) c ? (char *) s : NULL;
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n && *a && *a == *b; n--, a++, b++)
		;
	return n ? (unsigned char) *a - (unsigned char) *b : 0;
}

int strcmp(const char *a, const char *b) { return strncmp(a, b, (size_t) -1); }

int atoi(const char *s)
{
	int n = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (*s - '0');
	return n;
}
#else
typedef int this_build_has_a_libc; /* ISO C wants something in every file */
#endif
