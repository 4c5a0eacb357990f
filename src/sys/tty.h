/* Terminals: the container's own, and the caller's that is joined to it. */
#pragma once
#include <stdint.h>
#include <sys/types.h>

/* INIT, when its devpts is mounted: a new pair from dev/pts below root.  Makes the terminal the controlling one and
 * puts it on 0, 1, 2; uid owns it; rows and columns of 0 leave its size.  Returns the master.  *terminal: the other
 * end, for /dev/console. */
int terminal_open(int root, uid_t uid, uint16_t rows, uint16_t columns, int *terminal);

/* The terminal as /dev/console, for the container's first process. */
void terminal_bind_console(int root, int terminal);

/* HOST: sends the master to who listens at path, and closes it (runc's --console-socket). */
void console_send(const char *path, int *master);

/* HOST: gives it the size of the caller's terminal, if that has one. */
void terminal_fit(int master);

/* HOST: passes bytes between the caller's terminal (or streams) and the master until `done` is readable (-1: it is over
 * already) and the master is drained.  The caller's terminal is raw meanwhile and gets its modes back, on failure too.
 * master -1: there is none, it only waits.  hear: told of each signal that comes meanwhile, of those that a person or a
 * supervisor sends (SIGINT, SIGTERM ...) and SIGALRM. */
void terminal_relay(int master, int done, void (*hear)(int signal, void *context), void *context);
