/* What HOST does for INIT while it waits. */
#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/socket.h"
#include "box/box.h"
#include "box/container.h"
#include "box/interrupt.h"
#include "box/peer.h"
#include "box/steps.h"
#include "sys/hook.h"
#include "sys/idmap.h"
#include "sys/netdev.h"
#include "sys/rlimit.h"
#include "sys/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>

void id_mappings(struct box *b)
{
	const struct linux_part *l = b->config->linux_part;
	id_mappings_write(b->init, l->uid_mappings, l->gid_mappings);
}

void net_devices(struct box *b)
{
	if (!config_namespace(b->config, CLONE_NEWNET))
		fail("linux.netDevices: there is no namespace of type \"network\" in linux.namespaces");
	net_devices_move(b->init, b->config->linux_part->net_devices);
}

void console_pass(struct box *b)
{
	b->console = fd_take(&b->gift);
	if (b->console < 0)
		fail("no terminal came from the container");
	if (b->wishes->console_socket)
		console_send(b->wishes->console_socket, &b->console);
	else
		terminal_fit(b->console); /* before the program asks for it */
}

/* runtime-spec: `created` while the container is being made, and the pid as the runtime sees it. */
static const char *hook_state(const struct box *b) { return state_line(b->config, b->id, b->bundle, CREATED, b->init); }

void hooks_begin(struct box *b) { b->hooks_begun = true; }

void hooks_prestart(struct box *b)
{
	hooks_run("prestart", b->config->hooks->prestart, hook_state(b), false, interrupt_pending);
}

void hooks_create_runtime(struct box *b)
{
	hooks_run("createRuntime", b->config->hooks->create_runtime, hook_state(b), false, interrupt_pending);
}

void rlimits(struct box *b) { rlimits_apply(b->init, b->process->rlimits); }

void oom_score(struct box *b)
{
	const char *file = fmt("/proc/%d/oom_score_adj", b->init), *score = fmt("%d", *b->process->oom_score_adj);

	if (try_write_file(AT_FDCWD, file, score) >= 0)
		return;
	if (errno == EACCES) /* proc(5) */
		fail("%s: CAP_SYS_RESOURCE is missing, and without it no score can go below the one in force here: ask "
		     "for a higher one, or start bivy with a lower one",
		     score);
	fail_sys("write \"%s\" to %s", score, file);
}

/* runc's protocol: one message with the descriptor, on a stream. */
void pidfd_pass(struct box *b)
{
	const char *path = b->wishes->pidfd_socket;
	autoclose int s = try_stream_connect(path);
	if (s < 0 || try_fd_send(s, b->pidfd, "pidfd", 5) < 0)
		fail_sys("pidfd socket %s", path);
}

void program_runs(struct box *b) { (void) b; }
