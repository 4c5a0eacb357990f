/* Failures of bivy-init: told in one message to who waits for them (sys/plan.h), then the end of the process. */
#pragma once
#include <stddef.h>

enum { COULD_NOT = 125, NOT_EXECUTABLE = 126, NOT_FOUND = 127 }; /* as in base/fail.h */

void tell_to(int fd);                             /* -1, the default: nobody */
void tell_progress(char what);                    /* PROGRESS of sys/plan.h */
long tell_ask(const void *question, size_t size); /* the first byte of the answer; 0: nobody is there */
void tell_step(const char *name);                 /* what a failure says it was doing */
void tell_code(int code);                         /* the kind of the failures from here on; COULD_NOT until then */
_Noreturn void leave_with_code(void);             /* silently: nobody is left to be told */

/* "step: the parts: why (errno)hint" and the end.  error: positive, 0: not the kernel's.  hint: NULL, or what to do. */
_Noreturn void fail(long error, const char *hint, const char *const *parts);
#define FAIL(error, hint, ...) fail(error, hint, (const char *const[]){ __VA_ARGS__, NULL })

/* The exec of `path` was refused.  The same with NUL, the error as one byte, and the path with its NUL behind it; and
 * then the process stays, so that its root can be looked into, until who heard it closes the connection.  Where the
 * filter forbids read(2) it cannot wait. */
_Noreturn void tell_refused(long error, const char *path);

/* A call that has to succeed: its result. */
long must(long result, const char *call);

const char *decimal(long n); /* good until the next one */
