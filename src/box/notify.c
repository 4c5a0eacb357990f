#include "box/notify.h"

#include "base/fail.h"
#include "sys/listener.h"
#include "sys/plan.h"

#include <string.h>

void notify_answer(const struct notified *n, int conn, const char *said, long length)
{
	static const char *names[] = { "seccompFd", NULL };
	uint64_t address;
	struct oci_state state = n->state;

	if (*said != LISTENER_ASKED || length != 1 + (long) sizeof address)
		return;
	const struct seccomp *s = n->config->linux_part->seccomp;
	struct process_state message = {
		.version = SPEC_VERSION, .fds = names, .pid = n->pid, .metadata = s->listener_metadata, .state = &state
	};
	memcpy(&address, said + 1, sizeof address);
	listener_fetch(&(struct listener){ .path = s->listener_path,
					   .message = json_text(&message, &process_state_type, false),
					   .pid = n->pid,
					   .pidfd = n->pidfd },
		       conn, address);
}
