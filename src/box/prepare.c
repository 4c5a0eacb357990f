/* What HOST makes ready while there is one process: memory, JSON and BPF work, descriptors, the cgroup. */
#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/socket.h"
#include "base/text.h"
#include "box/box.h"
#include "box/journal.h"
#include "box/steps.h"
#include "sys/caps.h"
#include "sys/cgroup.h"
#include "sys/cgroup_delegate.h"
#include "sys/dev.h"
#include "sys/idmap.h"
#include "sys/mount.h"
#include "sys/ns.h"
#include "sys/planfile.h"
#include "sys/rlimit.h"
#include "sys/seccomp.h"
#include "sys/sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_terminal(const struct box *b)
{
	const struct wishes *w = b->wishes;
	bool terminal = b->process->terminal;
	if (terminal && !w->console_socket && !w->keep_terminal)
		fail("process.terminal needs --console-socket: nobody else could read the terminal");
	if (!terminal && w->console_socket)
		fail("--console-socket needs process.terminal to be true");
}

/* What is close-on-exec is ours: the caller's have come through an exec. */
static void check_preserved(int fds)
{
	for (int fd = 3; fd < 3 + fds; fd++) {
		int flags = fcntl(fd, F_GETFD);
		if (flags < 0 || flags & FD_CLOEXEC)
			fail("--preserve-fds: descriptor %d is not open", fd);
	}
}

void process_prepare(struct box *b)
{
	bool own_users = has_user_namespace(b);
	check_terminal(b);
	check_preserved(b->wishes->preserve_fds);
	rlimits_check(b->process->rlimits);
	/* No word of capabilities is none of them, as with runc and crun.  Who is not root has none to take away. */
	static const struct capability_sets none;
	if (!b->process->capabilities && geteuid() && !own_users)
		return;
	struct caps *caps = mem(sizeof *caps);
	*caps = caps_read(b->process->capabilities ? b->process->capabilities : &none, caps_grantable(own_users));
	b->caps = caps;
}

void filter_compile(struct box *b) { b->filter = seccomp_compile(b->config->linux_part->seccomp); }

void init_copy(struct box *b) { b->init_program = init_memfd(); }

/* Under another name until the container is created: a socket called "start" is what says so. */
void start_listen(struct box *b) { b->start = socket_listen(b->dir, "start.new", 1); }

void root_open(struct box *b)
{
	const char *path = b->config->root->path;
	autoclose int bundle = open_dir(AT_FDCWD, b->bundle);
	struct stat st;

	if (fstatat(bundle, path, &st, 0) < 0)
		fail_sys("invalid rootfs: root.path \"%s\" of bundle %s", path, b->bundle);
	if (!S_ISDIR(st.st_mode))
		fail("invalid rootfs: root.path \"%s\" of bundle %s: Not a directory", path, b->bundle);
	if (has_new_mounts(b))
		b->root_tree = tree_open(bundle, path, true);
	else
		b->root_tree = open_dir(bundle, path);
}

/* The mount's own mappings, or those of the container. */
static int mapped_users(const struct config *c, const struct mount *m)
{
	const struct linux_part *l = c->linux_part;
	const struct namespace *users = config_namespace(c, CLONE_NEWUSER);

	if (count(m->uid_mappings))
		return id_mappings_namespace(m->uid_mappings, m->gid_mappings);
	if (users->path)
		return namespace_open(users->path, CLONE_NEWUSER);
	return id_mappings_namespace(l->uid_mappings, l->gid_mappings);
}

static int source_open(int bundle, const struct mount *m, struct mount_options o, int mapped)
{
	int tree = tree_open(bundle, m->source, o.recursive_bind);

	/* Private unless the configuration says otherwise: what is mounted there later is not the container's concern.
	 */
	if (!o.propagation)
		o.propagation = MS_PRIVATE | (o.recursive_bind ? MS_REC : 0);
	/* "private" alone is for the top, and those below must not stay the host's peers: they hear of it, and it not
	 * of them.  "shared" asks for more than that. */
	if (!(o.propagation & (MS_REC | MS_SHARED)))
		mount_propagation(tree, MS_REC | MS_SLAVE);
	mount_change(tree, &o);
	if (mapped >= 0)
		mount_idmap(tree, mapped, o.recursive_idmap);
	return tree;
}

void sources_open(struct box *b)
{
	size_t i = 0, n = count(b->config->mounts) + 1;
	autoclose int bundle = open_dir(AT_FDCWD, b->bundle);

	b->sources = mem(n * sizeof *b->sources);
	b->mapped = mem(n * sizeof *b->mapped);
	EACH(m, b->config->mounts) {
		struct mount_options o = mount_options_read(*m, fmt("mounts[%zu]", i));
		b->sources[i] = -1;
		b->mapped[i] = o.idmap ? mapped_users(b->config, *m) : -1;
		if (mount_is_bind(*m) && !o.remount) {
			b->sources[i] = source_open(bundle, *m, o, b->mapped[i]);
			fd_close(b->mapped + i);
		}
		i++;
	}
}

static bool shares(const struct box *b, int flag) { return !config_namespace(b->config, flag); }

void namespaces_open(struct box *b)
{
	struct namespace *const *all = b->config->linux_part->namespaces;
	size_t n = 0;

	b->joins = mem((count(all) + 1) * sizeof *b->joins);
	EACH(s, all)
		if ((*s)->path)
			b->joins[n++] = (struct join){ (*s)->flag, namespace_open((*s)->path, (*s)->flag), (*s)->path };
	EACH(s, b->config->linux_part->sysctl)
		sysctl_check((*s)->key, !shares(b, CLONE_NEWIPC), !shares(b, CLONE_NEWNET), !shares(b, CLONE_NEWUTS));
}

void cgroup_prepare(struct box *b)
{
	b->cgroup = cgroup_plan(cgroup_path_of(b->config->linux_part->cgroups_path, b->id));
	cgroup_check_unused(b->cgroup); /* else `delete --force` after a crash here would end another's processes */
	journal_cgroup(b->dir, b->cgroup->path, cgroup_missing(b->cgroup));
	cgroup_make(b->cgroup);
	cgroup_open_doors(b->cgroup);
}

/* To the host's id of the program's user, where there is one. */
void cgroup_give(struct box *b)
{
	const struct user *user = b->process->user;
	uid_t uid = user ? user->uid : 0;
	if (!has_user_namespace(b))
		cgroup_delegate(b->cgroup, uid);
	else if (id_is_mapped(b->config->linux_part->uid_mappings, uid))
		cgroup_delegate(b->cgroup, id_outside(b->config->linux_part->uid_mappings, uid));
}

void cgroup_limits(struct box *b) { cgroup_limit(b->cgroup, b->config->linux_part->resources); }

void cgroup_device_rules(struct box *b)
{
	struct device_rule **rules = b->config->linux_part->resources->devices;
	EACH(rule, default_device_rules)
		rules = append(rules, *rule);
	cgroup_devices(b->cgroup, rules, false);
}
