/* What happens to a container after it is created.  Each locks it, and works on what the kernel says of it. */
#pragma once
#include "box/box.h"
#include "box/container.h"

struct cgroup;

/* Lets the program run; returns when it has been executed and the poststart hooks are through.  A failure leaves it
 * stopped. */
void container_start(struct container *);

/* To the first process by pidfd, or to all processes of the cgroup.  Fails when it is not created, running or paused.
 */
void container_kill(struct container *, int signal, bool all);

/* Removes every trace: processes, cgroup, state; then runs the poststop hooks.  One that is running is refused unless
 * force is true. One whose making or removing was interrupted is cleared up by force. */
void container_delete(struct container *, bool force);

/* The bundle that `up` makes for a container stands beside its state, as <root>/.bundles/ID, and goes with it. */
const char *own_bundle(const char *root, const char *id);
void own_bundle_remove(const char *root, const char *id);

/* Waits for its end as long as it takes.  NULL when the code cannot be known: nobody of ours was its parent. */
struct exit_record *container_wait(const struct container *);

/* Makes the container with a process of its own that becomes its shim (libexec/shim); returns when it is created.  With
 * a pid file there is no shim: the caller supervises.  Returns the master of its terminal, or -1. */
int container_create(struct box *);
