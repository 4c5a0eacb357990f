/* What happens to a container after it is created.  Each locks it, and works on what the kernel says of it. */
#pragma once
#include "box/box.h"
#include "box/container.h"

struct cgroup;

/* Lets the program run; returns when it has been executed and the poststart hooks are through.  A failure leaves it
 * stopped; one of a hook removes it, and the poststop hooks follow. */
void container_start(struct container *);

/* To whom: the first process by pidfd, all processes of the cgroup, or the first process's group, as a terminal does
 * it. Fails when it is not created, running or paused. */
enum scope { SCOPE_INIT, SCOPE_CGROUP, SCOPE_GROUP };
void container_kill(struct container *, int signal, enum scope);

/* The signal to its first process, and after timeout_ms the end of everything it has started; returns when all of that
 * is gone.  One that is paused goes on for it; of one that was only created all is killed at once; one that has stopped
 * is no error.  The shim keeps the time, so that it happens also when we are killed.  The container stays until it is
 * deleted. */
void container_stop(struct container *, int signal, int64_t timeout_ms);

/* The same in two parts, for several side by side: all are begun before the first is waited for. */
struct stopping;
struct stopping *stopping_begin(struct container *, int signal, int64_t timeout_ms);
void stopping_end(struct stopping *);

/* What its annotations org.bivy.killSignal and org.bivy.killTimeout (ms) say; else SIGTERM and 10 s. */
int container_stop_signal(const struct container *);
int64_t container_stop_timeout(const struct container *);

/* Its processes into images.  Removed afterwards, unless it is to go on. */
void container_checkpoint(struct container *, const struct criu *);

/* Removes every trace: processes, cgroup, state; then runs the poststop hooks.  One that is running is refused unless
 * force is true. One whose making or removing was interrupted is cleared up by force. */
void container_delete(struct container *, bool force);

/* All its processes stand still, or go on.  Also of one that is created; `start` is refused until the resume. */
void container_pause(struct container *);
void container_resume(struct container *);

/* Changes the limits that are set in resources, and the whole list of device rules when there is one.  What cannot be
 * applied is an error, and leaves the others as they were (see cgroup_limit_again).  The saved config.json stays what
 * it was at create. */
void container_update(struct container *, const struct resources *);

/* The lines of its class in resctrl; NULL: that one stays.  Only of a container with linux.intelRdt. */
void container_update_caches(struct container *, const char *l3_schema, const char *memory_schema);

/* The bundle that `up` makes for a container stands beside its state, as <root>/.bundles/ID, and goes with it; the
 * bundles of a run of several (box/roster.h) stand there by the run's name, and go with the run. */
const char *own_bundle(const char *root, const char *id);
void own_bundle_remove(const char *root, const char *id);

/* Waits for its end as long as it takes.  NULL when the code cannot be known: nobody of ours was its parent. */
struct exit_record *container_wait(const struct container *);

/* Makes the container with a process of its own that becomes its shim (libexec/shim); returns when it is created.  With
 * a pid file there is no shim: the caller supervises.  Returns the master of its terminal, or -1. */
int container_create(struct box *);
