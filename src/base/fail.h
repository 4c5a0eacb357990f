/* When something cannot be done: say it once, undo what was done, leave. */
#pragma once
#include <stdbool.h>

#define PRINTF(n) __attribute__((format(printf, n, n + 1)))

/* What kind of failure it is.  `run`, `exec`, `up` and `wait` exit with this number, as a shell would; see
 * fail_exits_by_kind. */
enum kind { MISUSE = 2, COULD_NOT = 125, NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

/* All of these say "what, which, why" in one line, run the undo list and exit.  None returns. */
_Noreturn void fail(const char *format, ...) PRINTF(1);               /* a rule was broken      */
_Noreturn void fail_sys(const char *format, ...) PRINTF(1);           /* the kernel said no: %m */
_Noreturn void fail_as(enum kind, const char *format, ...) PRINTF(2); /* a rule, and its kind   */

void warn(const char *format, ...) PRINTF(1);  /* goes on; one line on stderr */
void debug(const char *format, ...) PRINTF(1); /* only with --debug           */

void fail_where(const char *step); /* what an error says it was doing; NULL: nothing */
void fail_exits_by_kind(bool yes); /* false (the default): 2 for misuse, else 1      */

/* Who hears of a failure instead of stderr and the log.  The second process of a create tells the first. */
void fail_to(void (*tell)(enum kind, const char *message));

/* A failure that the other process has put into words already: no step is put before it. */
_Noreturn void fail_relay(enum kind, const char *message);

void undo(void (*fn)(void *), void *arg); /* on failure, newest first */
void undo_forget(void);                   /* the work is done, or a child's no concern */
void undo_all(void);                      /* for who leaves without failing */
