#include "deadline.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FILE_NAME     "stop"
#define KILL_AGAIN_MS 100

static void note(const struct shim *s)
{
	struct line l = { 0 };
	int fd = openat(STATE_DIR, FILE_NAME, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);

	put_number(&l, (uint64_t) s->kill_at, 1);
	if (fd < 0)
		return; /* who asked is told when we die, and asks again */
	if (write(fd, l.text, l.length) < 0)
		l.length = 0;
	close(fd);
}

void deadline_recall(struct shim *s)
{
	char text[24] = "";
	int fd = openat(STATE_DIR, FILE_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return;
	if (read(fd, text, sizeof text - 1) > 0)
		s->kill_at = parse_number(text, NULL);
	close(fd);
}

static void signal_init(const struct shim *s, int signal)
{
	if (s->init)
		syscall(SYS_pidfd_send_signal, PIDFD, signal, NULL, 0);
}

void deadline_set(struct shim *s, int signal, int64_t in_ms)
{
	int64_t at = now_ms() + in_ms;

	if (!s->kill_at || at < s->kill_at) {
		s->kill_at = at;
		note(s);
	}
	if (signal)
		signal_init(s, signal);
}

void deadline_attend(struct shim *s)
{
	if (!s->kill_at || now_ms() < s->kill_at)
		return;
	signal_init(s, SIGKILL);
	cgroup_kill(s->cgroups);
	s->kill_at = now_ms() + KILL_AGAIN_MS;
}

int deadline_tick(const struct shim *s, int ms)
{
	int64_t left = s->kill_at - now_ms();

	if (!s->kill_at)
		return ms;
	if (left < 0)
		left = 0;
	return ms < 0 || left < ms ? (int) (left > 3600000 ? 3600000 : left) : ms;
}
