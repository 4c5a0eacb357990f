#include "signals.h"

#include "base/syscall.h"
#include "tell.h"

#include <asm/signal.h>

/* SIGPIPE: who waited to be told of a failure is gone.  Nothing is done here but to leave, so it never returns. */
static void on_signal(int signal)
{
	if (signal == SIGPIPE)
		leave_with_code();
	leave(128 + signal);
}

static void set(int signal, __sighandler_t handler)
{
	/* x86_64 delivers nothing to a handler without a restorer, even to one that does not return. */
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTORER, .sa_restorer = leave_with_code };
	SYSCALL(rt_sigaction, signal, &action, NULL, sizeof(uint64_t)); /* KILL and STOP refuse, and need not */
}

static void mask(uint64_t blocked)
{
	must(SYSCALL(rt_sigprocmask, SIG_SETMASK, &blocked, NULL, sizeof blocked), "rt_sigprocmask");
}

void signals_hold(void) { mask(~(uint64_t) 0); }
void signals_release(void) { mask(0); }

/* The first process of a pid namespace does not hear a signal that it has no handler for, but a created container has
 * to end at `kill ID TERM`.  Handlers are gone after an exec, so this needs no undoing. */
void signals_take(void)
{
	static const unsigned char fatal[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM, SIGTERM, SIGPIPE };

	for (int signal = 1; signal <= 64; signal++)
		set(signal, SIG_DFL);
	for (size_t i = 0; i < sizeof fatal; i++)
		set(fatal[i], on_signal);
	signals_release();
}

void signals_ignore_hangup(bool ignore) { set(SIGHUP, ignore ? SIG_IGN : on_signal); }
void signals_ignore_pipe(bool ignore) { set(SIGPIPE, ignore ? SIG_IGN : on_signal); }
void signals_child(void) { set(SIGPIPE, SIG_DFL); }
