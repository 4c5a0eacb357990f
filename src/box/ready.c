#include "box/ready.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/interrupt.h"
#include "box/steps.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define DIR        "notify"
#define INSIDE     "/run/notify"
#define SOCKET     "notify.sock"
#define BARRIER_MS 30000

static const char *asked_at(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	return path && *path ? path : NULL;
}

bool ready_is_asked(void) { return asked_at(); }

void ready_add(struct box *b)
{
	static const char *options[] = { "bind", "ro", "nosuid", "nodev", "noexec", NULL };
	struct config *c = mem(sizeof *c);
	struct process *p = mem(sizeof *p);
	struct mount *m = mem(sizeof *m);
	const char **env = NULL;

	*c = *b->config;
	*p = *b->process;
	*m = (struct mount){ INSIDE, "bind", fmt("%s/%s/" DIR, b->root, b->id), options, NULL, NULL };
	EACH(e, p->env)
		if (!starts_with(*e, "NOTIFY_SOCKET="))
			env = append(env, *e);
	p->env = append(env, "NOTIFY_SOCKET=" INSIDE "/" SOCKET);
	c->mounts = append(c->mounts, m);
	b->config = c;
	b->process = p;
}

/* Whoever the program runs as has to reach the socket in it; the state directory around it stays closed. */
void ready_prepare(struct box *b)
{
	make_dir(b->dir, DIR, 0755);
	if (fchmodat(b->dir, DIR, 0755, 0) < 0)
		fail_sys(DIR);
}

/* By descriptor: a socket's address holds 107 bytes, and a state directory's path may be longer. */
static struct sockaddr_un address(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof a.sun_path)
		fail("NOTIFY_SOCKET: the path %s is too long", path);
	memcpy(a.sun_path, path, strlen(path));
	return a;
}

int ready_listen(const struct container *c)
{
	autoclose int dir = asked_at() ? try_open(c->dir, DIR, O_PATH | O_DIRECTORY) : -1;
	if (dir < 0)
		return -1;
	const char *path = fmt("/proc/self/fd/%d/" SOCKET, dir);
	struct sockaddr_un a = address(path);
	int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	unlinkat(dir, SOCKET, 0); /* of a start that was interrupted */
	if (s < 0 || bind(s, (struct sockaddr *) &a, sizeof a) < 0 || chmod(path, 0777) < 0)
		fail_sys("socket for the program's readiness");
	return s;
}

/* One message to our caller, with at most one descriptor.  '@' is an abstract socket. */
static int try_tell(const char *words, int fd)
{
	struct sockaddr_un a = address(asked_at());
	size_t length = offsetof(struct sockaddr_un, sun_path) + strlen(a.sun_path);
	autoclose int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (*a.sun_path == '@')
		*a.sun_path = 0;
	if (s < 0 || connect(s, (struct sockaddr *) &a, (socklen_t) length) < 0)
		return -1;
	return try_fd_send(s, fd, words, strlen(words));
}

/* systemd closes its copy when it has read all before: then it knows who we are while we are still there. */
static void pass_on(const char *line, pid_t pid)
{
	int ends[2] = { -1, -1 };

	if (try_tell(fmt("%s\n", line), -1) < 0 || try_tell(fmt("MAINPID=%d\n", pid), -1) < 0 ||
	    pipe2(ends, O_CLOEXEC) < 0 || try_tell("BARRIER=1", ends[1]) < 0) {
		warn("NOTIFY_SOCKET: %s could not be told that the program is ready: %s", asked_at(), strerror(errno));
		fd_close(&ends[1]);
	} else {
		fd_close(&ends[1]);
		poll(&(struct pollfd){ ends[0], 0, 0 }, 1, BARRIER_MS);
	}
	fd_close(&ends[0]);
}

/* NULL: the message says something else. */
static const char *readiness(int sock)
{
	char said[4096];
	ssize_t n = recv(sock, said, sizeof said - 1, MSG_DONTWAIT);

	said[n > 0 ? n : 0] = 0;
	EACH(line, split(said, '\n'))
		if (starts_with(*line, "READY="))
			return *line;
	return NULL;
}

void ready_wait(int sock, const struct container *c)
{
	autoclose int pidfd = try_container_pidfd(c);
	struct pollfd fds[] = { { sock, POLLIN, 0 }, { pidfd, POLLIN, 0 } };
	const char *line = NULL;

	while (pidfd >= 0 && !line && !fds[1].revents && !interrupt_pending()) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			fail_sys("wait for the program's readiness");
		if (fds[0].revents)
			line = readiness(sock);
	}
	if (line)
		pass_on(line, c->saved->pid);
}
