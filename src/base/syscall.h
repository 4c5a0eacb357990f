/* The system calls of bivy-init, without a libc: the result is the kernel's, an error is -errno. */
#pragma once
#include <asm/unistd.h>
#include <stddef.h>
#include <stdint.h>

#if defined __x86_64__
static inline long syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d, r8 __asm__("r8") = e, r9 __asm__("r9") = f;
	long result;
	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return result;
}
#elif defined __aarch64__
static inline long syscall6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr, x0 __asm__("x0") = a, x1 __asm__("x1") = b, x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d, x4 __asm__("x4") = e, x5 __asm__("x5") = f;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5) : "memory");
	return x0;
}
#else
#error "bivy-init: how this machine makes a system call is not written down here"
#endif

/* clang-format off */
#define ARGS6(nr, a, b, c, d, e, f, ...) \
	syscall6(nr, (long) (a), (long) (b), (long) (c), (long) (d), (long) (e), (long) (f))
#define SYSCALL(name, ...) ARGS6(__NR_##name, __VA_ARGS__, 0, 0, 0, 0, 0, 0)
/* clang-format on */

_Noreturn static inline void leave(int code)
{
	for (;;)
		SYSCALL(exit_group, code);
}
