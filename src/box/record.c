#include "box/record.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "box/contact.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RECORD       "exit.json"
#define ASK_AGAIN_MS 100

/* clang-format off */
const struct type exit_record_type = { sizeof(struct exit_record), FIELDS(
	{ "code",		NUM(exit_record, code), NEED },
	{ "signal",		NUM(exit_record, signal) },
	{ "core",		BOOL(exit_record, core), NEED },
	{ "unknown",		BOOL(exit_record, unknown) },
	{ "oom",		BOOL(exit_record, oom), NEED },
	{ "oomKills",		NUM(exit_record, oom_kills), NEED },
	{ "user_usec",		NUM(exit_record, user_usec), NEED },
	{ "system_usec",	NUM(exit_record, system_usec), NEED },
	{ "max_rss_kib",	NUM(exit_record, max_rss_kib), NEED },
	{ "memoryPeak",		NUM(exit_record, memory_peak) },
	{ "droppedStdout",	NUM(exit_record, dropped_out) },
	{ "droppedStderr",	NUM(exit_record, dropped_err) },
	{ "oomLimit",		STR(exit_record, oom_limit) },
	{ "started",		STR(exit_record, started) },
	{ "finished",		STR(exit_record, finished), NEED }) };
/* clang-format on */

struct exit_record *record_read(int state_dir)
{
	const char *json = try_read_whole(state_dir, RECORD);
	if (!json && errno != ENOENT)
		fail_sys(RECORD);
	return json ? json_read(RECORD, json, &exit_record_type) : NULL;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* One question, one answer; NULL: none within that time (ETIMEDOUT), or the connection was closed instead. */
static const char *try_ask(int sock, const char *question, int timeout_ms)
{
	char answer[1024];
	struct pollfd p = { .fd = sock, .events = POLLIN };

	if (try_fd_send(sock, -1, question, strlen(question)) < 0)
		return NULL;
	int ready = poll(&p, 1, timeout_ms);
	errno = ready ? errno : ETIMEDOUT;
	ssize_t n = ready > 0 ? recv(sock, answer, sizeof answer, MSG_DONTWAIT) : -1;
	return n > 0 ? text_n(answer, (size_t) n) : NULL;
}

/* The socket may be full, or closed on us: because INIT ended a moment ago, or because the shim had no room. */
static struct exit_record *try_ask_record(int state_dir, int timeout_ms)
{
	autoclose int sock = try_contact(state_dir);
	const char *json = sock < 0 ? NULL : try_ask(sock, "wait", timeout_ms);
	return json ? json_read(RECORD, json, &exit_record_type) : NULL;
}

static int left_ms(int64_t deadline)
{
	int64_t left = deadline - now_ms();
	return deadline < 0 ? -1 : left < 0 ? 0 : (int) left;
}

struct exit_record *record_wait(int state_dir, int timeout_ms)
{
	int64_t deadline = timeout_ms < 0 ? -1 : now_ms() + timeout_ms;

	for (;;) {
		struct exit_record *r = record_read(state_dir);
		if (r)
			return r;
		errno = 0;
		if ((r = try_ask_record(state_dir, left_ms(deadline))))
			return r;
		bool no_shim = contact_none(errno);
		/* A shim that ended while we stood in its queue has left the record. */
		if ((r = record_read(state_dir)))
			return r;
		if (no_shim || !left_ms(deadline)) {
			errno = no_shim ? ESRCH : ETIMEDOUT;
			return NULL;
		}
		poll(NULL, 0, deadline < 0 || left_ms(deadline) > ASK_AGAIN_MS ? ASK_AGAIN_MS : left_ms(deadline));
	}
}
