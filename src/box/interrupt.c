#include "box/interrupt.h"

#include "base/fail.h"
#include "oci/names.h"

#include <signal.h>
#include <stddef.h>

static volatile sig_atomic_t came;
static const int caught[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

static void note(int signal) { came = signal; }

static void set_all(void (*handler)(int))
{
	/* Without SA_RESTART: a call that waits has to come back. */
	struct sigaction a = { .sa_handler = handler };
	for (size_t i = 0; i < sizeof caught / sizeof *caught; i++) {
		struct sigaction old;
		sigaction(caught[i], NULL, &old);
		if (old.sa_handler != SIG_IGN)
			sigaction(caught[i], &a, NULL);
	}
}

void interrupt_catch(void) { set_all(note); }

void interrupt_release(void)
{
	came = 0;
	set_all(SIG_DFL);
}

int interrupt_pending(void) { return came; }

void interrupt_check(void)
{
	if (came) {
		fail_where(NULL);
		fail("interrupted by %s; nothing was left behind", signal_name(came));
	}
}
