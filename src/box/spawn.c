/* Where one process becomes two. */
#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "box/box.h"
#include "box/container.h"
#include "box/interrupt.h"
#include "box/journal.h"
#include "box/lists.h"
#include "box/peer.h"
#include "box/steps.h"
#include "sys/cgroup.h"
#include "sys/ns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void init_kill(void *box)
{
	struct box *b = box;
	try_proc_signal(b->pidfd, SIGKILL);
	while (waitpid(b->init, NULL, 0) < 0 && errno == EINTR)
		;
}

/* From here on this process is INIT, whose failures HOST words. */
static _Noreturn void init_walks(struct box *b, const struct step *list, void (*spawn)(struct box *))
{
	undo_forget();
	interrupt_release();
	peer_hears_failures(b->peer);
	steps_walk(b, steps_after(list, spawn), INIT);
	fail("the list of steps has ended");
}

static void spawn(struct box *b, const struct birth *birth, const struct step *list, void (*step)(struct box *))
{
	int ends[2];

	peer_pair(ends);
	b->init = process_spawn(birth);
	b->peer = ends[!b->init];
	close(ends[!!b->init]);
	if (!b->init)
		init_walks(b, list, step);
	b->pidfd = (int) syscall(SYS_pidfd_open, b->init, 0); /* our child, unreaped: the number is its own */
	b->started = proc_started(b->init);
	if (b->pidfd < 0)
		fail_sys("pidfd_open");
	undo(init_kill, b);
}

static uint64_t new_namespaces(const struct config *c)
{
	uint64_t flags = 0;
	EACH(n, c->linux_part->namespaces)
		if (!(*n)->path)
			flags |= (uint64_t) (*n)->flag;
	return flags;
}

/* A pid or user namespace is entered by children only, and who has made a user namespace may not enter the host's
 * others any more: then an intermediate process enters them all.  Else INIT does it by itself, and saves a process. */
static bool needs_intermediate(const struct box *b)
{
	for (const struct join *j = b->joins; j->flag; j++)
		if (j->flag == CLONE_NEWPID || j->flag == CLONE_NEWUSER || has_new_user_namespace(b))
			return true;
	return false;
}

/* The user namespace last: until then we are privileged over all the others, whoever owns them. */
static void user_namespace_last(struct join *joins)
{
	struct join *last = joins;
	while (last->flag)
		last++;
	for (struct join *j = joins; j < last; j++)
		if (j->flag == CLONE_NEWUSER) {
			struct join user = *j;
			*j = last[-1];
			last[-1] = user;
			return;
		}
}

static bool joins_by_path(const struct box *b, int flag)
{
	return config_namespace(b->config, flag) && !config_has_new(b->config, flag);
}

/* pids.max counts who is born in a cgroup, not who goes there: with a limit of 0 only INIT is let in. */
static bool may_be_born(const struct box *b)
{
	const struct pids *pids = b->config->linux_part->resources->pids;
	return !pids || !pids->limit || *pids->limit;
}

void box_spawn(struct box *b)
{
	/* A cgroup namespace shows its root, so it is made when INIT is in the cgroup: see namespaces_enter. */
	struct birth birth = { .flags = new_namespaces(b->config) & ~(uint64_t) CLONE_NEWCGROUP,
			       .cgroup = -1,
			       .container = -1 };
	/* In another's user namespace it may not be born in our cgroup, and in another's cgroup namespace there is no
	 * such cgroup (ENOENT): INIT goes in by itself, through the door that was opened out here. */
	bool born_elsewhere = joins_by_path(b, CLONE_NEWUSER) || joins_by_path(b, CLONE_NEWCGROUP) || !may_be_born(b);

	if (needs_intermediate(b)) {
		user_namespace_last(b->joins);
		birth.joins = b->joins;
		b->joins = mem(sizeof *b->joins);
	}
	if (birth.flags & CLONE_NEWTIME) {
		/* The child of an unshare is born in it, with the clocks that are set until then. */
		time_offsets_set(b->config->linux_part->time_offsets);
		birth.flags &= ~(uint64_t) CLONE_NEWTIME;
	}
	if (b->cgroup->unified && !born_elsewhere)
		birth.cgroup = b->cgroup->dir;
	b->born_in_cgroup = birth.cgroup >= 0;
	spawn(b, &birth, create_steps, box_spawn);
	journal_init(b->dir, b->init, b->started);
}

/* What is "/" to its first process.  A mount namespace brings its own root along, which is the host's where the
 * container was not pivoted into, or where we are in a chroot ourselves. */
static int container_root(const struct box *b, int pidfd)
{
	int root = open_dir(AT_FDCWD, fmt("/proc/%d/root", b->container->saved->pid));
	if (try_proc_signal(pidfd, 0) < 0) /* else the number may be another's by now */
		fail("container \"%s\" is not running", b->id);
	return root;
}

/* runtime-spec: the initial affinity counts from before the cgroup, whose cpuset may end it. */
static void before_joining(void *box)
{
	struct box *b = box;
	if (has_initial_affinity(b))
		affinity_initial(b);
	if (b->cgroup)
		cgroup_enter(b->cgroup);
}

void box_spawn_into(struct box *b)
{
	struct birth birth = { .cgroup = -1, .container = try_container_pidfd(b->container) };

	if (birth.container < 0)
		fail("container \"%s\" is not running", b->id);
	EACH(n, b->config->linux_part->namespaces)
		birth.joined |= (*n)->flag;
	b->root_tree = container_root(b, birth.container);
	if (b->cgroup)
		cgroup_open_doors(b->cgroup);
	birth.before = before_joining;
	birth.context = b;
	spawn(b, &birth, exec_steps, box_spawn_into);
	fd_close(&birth.container);
}
