#include "cmd/listening.h"

#include "base/mem.h"
#include "base/text.h"

#include <stdlib.h>
#include <unistd.h>

#define MOST 1024 /* more than that is no count of sockets */

int listening_fds(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int64_t n;

	if (!pid || !fds || !number(pid, 1, INT32_MAX, &n) || n != getpid())
		return 0;
	return number(fds, 0, MOST, &n) ? (int) n : 0;
}

/* The program is the first of its pid namespace. */
struct process *listening_process(const struct process *from, int n)
{
	struct process *p = mem(sizeof *p);
	const char **env = NULL, *names = getenv("LISTEN_FDNAMES");

	*p = *from;
	EACH(e, from->env)
		if (!starts_with(*e, "LISTEN_FDS=") && !starts_with(*e, "LISTEN_PID=") &&
		    !starts_with(*e, "LISTEN_FDNAMES="))
			env = append(env, *e);
	env = append(append(env, fmt("LISTEN_FDS=%d", n)), "LISTEN_PID=1");
	p->env = names ? append(env, fmt("LISTEN_FDNAMES=%s", names)) : env;
	return p;
}
