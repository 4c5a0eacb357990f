/* INIT on its way into the container.  Until "root" is entered it sees the host's files by absolute paths, and the
 * container's only through the descriptor b->root_tree. */
#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/box.h"
#include "box/container.h"
#include "box/steps.h"
#include "sys/cgroup_mount.h"
#include "sys/copyup.h"
#include "sys/dev.h"
#include "sys/hook.h"
#include "sys/idmap.h"
#include "sys/lsm.h"
#include "sys/mask.h"
#include "sys/mount.h"
#include "sys/netdev.h"
#include "sys/ns.h"
#include "sys/root.h"
#include "sys/sysctl.h"
#include "sys/tty.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/keyctl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* A session of its own, so that the caller's terminal sends it no signals; and not dumpable, so that a process of the
 * container that is joined can neither trace it nor open its files in /proc (CVE-2016-9962). */
void session_begin(struct box *b)
{
	if (setsid() < 0)
		fail_sys("setsid");
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		fail_sys("PR_SET_DUMPABLE");
	fd_close(&b->dir);
	/* What the caller's umask is says nothing of the container's. */
	umask(022);
	/* Without CONFIG_KEYS, or where a filter of our caller forbids it, there is nothing that could leak. */
	if (!b->wishes->no_new_keyring)
		syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, fmt("_ses.%s", b->id));
}

void cgroup_join(struct box *b)
{
	if (b->born_in_cgroup)
		cgroup_close_doors(b->cgroup);
	else
		cgroup_enter(b->cgroup);
}

void namespaces_enter(struct box *b)
{
	for (const struct join *j = b->joins; j->flag; j++)
		namespace_enter(j);
	if (config_has_new(b->config, CLONE_NEWCGROUP) && unshare(CLONE_NEWCGROUP) < 0)
		fail_sys("new cgroup namespace");
}

void user_namespace(struct box *b)
{
	(void) b;
	become_root();
	/* Changing ids makes a process dumpable by others again. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		fail_sys("PR_SET_DUMPABLE");
}

void root_join(struct box *b)
{
	root_change(b->root_tree);
	fd_close(&b->root_tree);
}

void hostname_apply(struct box *b) { hostname_set(b->config->hostname, b->config->domainname); }

void loopback(struct box *b)
{
	(void) b;
	loopback_up();
}

static const char *root_path(const struct box *b)
{
	const char *path = b->config->root->path;
	return *path == '/' ? path : fmt("%s/%s", b->bundle, path);
}

void root_place(struct box *b)
{
	root_isolate();
	mount_propagation(b->root_tree,
			  (1UL << 18) | (1UL << 14)); /* MS_PRIVATE | MS_REC: nothing of ours reaches the host */
	/* A hook that mounts something into the container names it by its path on the host. */
	root_attach(b->root_tree, b->config->hooks ? root_path(b) : NULL);
}

static bool is_directory(int fd) { return try_open(fd, ".", O_PATH | O_DIRECTORY) >= 0; }

static void mount_bind(struct box *b, const struct mount *m, int source)
{
	autoclose int place = place_in_root(b->root_tree, m->destination, is_directory(source));
	mount_attach(source, place, m->destination);
	close(source);
}

static void mount_again(struct box *b, const struct mount *m, const struct mount_options *o)
{
	autoclose int place = open_in_root(b->root_tree, m->destination, O_PATH);
	mount_change(place, o);
	if (!o->bind)
		filesystem_change(place, o);
}

static bool option_given(const struct mount_options *o, const char *key)
{
	EACH(option, o->data)
		if (starts_with(*option, key))
			return true;
	return false;
}

/* tmpcopyup.  The place's own mode and owner come along unless the options say what they are to be; read-only comes
 * after the copy. */
static int filesystem_copied(const struct mount *m, const struct mount_options *o, int place)
{
	struct mount_options writable = *o;
	bool given = option_given(o, "mode=") || option_given(o, "uid=") || option_given(o, "gid=");

	writable.here.set &= ~(uint64_t) MOUNT_ATTR_RDONLY;
	int fd = filesystem_new(m->type, m->source, &writable);
	autoclose int from = open_dir(place, "."), to = open_dir(fd, ".");
	tree_copy(from, to, !given, m->destination);
	if (o->here.set & MOUNT_ATTR_RDONLY)
		mount_readonly(fd, false);
	return fd;
}

/* A filesystem that is mounted already has its label. */
static void label_add(const char *label, const struct mount *m, struct mount_options *o)
{
	if (label && *label && !o->bind && !o->remount && lsm_takes_label(m->type))
		o->data = append(o->data, fmt("context=%s", label));
}

static void mount_filesystem(struct box *b, const struct mount *m, const struct mount_options *o, int mapped)
{
	autoclose int place = place_in_root(b->root_tree, m->destination, true);
	if (starts_with(m->type, "cgroup")) {
		cgroup_mount(b->cgroup, place, o, config_has_new(b->config, CLONE_NEWCGROUP));
		return;
	}
	int fd = o->copy_up ? filesystem_copied(m, o, place) : filesystem_new(m->type, m->source, o);
	if (mapped >= 0)
		mount_idmap(fd, mapped, o->recursive_idmap);
	mount_change(fd, &(struct mount_options){ .below = o->below, .propagation = o->propagation });
	mount_attach(fd, place, m->destination);
	/* Kept: what we have mounted ourselves is the procfs that writes may go to. */
	if (same(m->type, "proc") && b->proc < 0)
		b->proc = fd;
	else
		close(fd);
}

void mounts_make(struct box *b)
{
	size_t i = 0;
	EACH(m, b->config->mounts) {
		struct mount_options o = mount_options_read(*m, fmt("mounts[%zu]", i));
		label_add(b->config->linux_part->mount_label, *m, &o);
		if (b->sources[i] >= 0)
			mount_bind(b, *m, b->sources[i]);
		else if (o.remount)
			mount_again(b, *m, &o);
		else
			mount_filesystem(b, *m, &o, b->mapped[i]);
		i++;
	}
}

/* Who binds the host's /dev gets it as it is. */
static bool has_hosts_dev(const struct config *c)
{
	EACH(m, c->mounts)
		if (same(clean_path((*m)->destination), "/dev") && mount_is_bind(*m))
			return true;
	return false;
}

void devices_place(struct box *b)
{
	bool bind = has_user_namespace(b);
	if (!has_hosts_dev(b->config)) {
		mode_t old = umask(0);
		devices_make(b->root_tree, default_devices, bind);
		device_links_make(b->root_tree);
		umask(old);
	}
	devices_make(b->root_tree, b->config->linux_part->devices, bind);
}

void terminal_make(struct box *b)
{
	const struct process *p = b->process;
	const struct console_size *size = p->console_size;
	int root = b->root_tree >= 0 ? b->root_tree : open_dir(AT_FDCWD, "/");

	b->gift = terminal_open(root, p->user->uid, size ? size->height : 0, size ? size->width : 0, &b->terminal);
	if (b->root_tree >= 0 && has_new_mounts(b))
		terminal_bind_console(b->root_tree, b->terminal);
	fd_close(&b->terminal);
}

void hooks_create_container(struct box *b)
{
	hooks_run("createContainer", b->config->hooks->create_container,
		  state_line(b->config, b->id, b->bundle, CREATED, getpid()), false, NULL);
}

void sysctls(struct box *b)
{
	if (b->proc < 0)
		b->proc = filesystem_new("proc", "proc", NULL);
	sysctls_apply(b->proc, b->config->linux_part->sysctl);
}

/* As runc and crun do, whatever the image lacks; in a root that is going to be read-only, too.  Other troubles with the
 * path are for bivy-init to tell. */
void cwd_make(struct box *b)
{
	int found = try_open_in_root(b->root_tree, b->process->cwd, O_PATH | O_DIRECTORY);
	if (found < 0 && errno == ENOENT)
		found = place_in_root(b->root_tree, b->process->cwd, true);
	fd_close(&found);
}

void masks(struct box *b) { paths_mask(b->root_tree, b->config->linux_part->masked_paths); }

void readonly_paths(struct box *b) { paths_make_readonly(b->root_tree, b->config->linux_part->readonly_paths); }

void root_step_into(struct box *b)
{
	if (!has_new_mounts(b)) {
		root_join(b);
		return;
	}
	if (b->config->root->readonly)
		mount_readonly(b->root_tree, false);
	root_enter(b->root_tree, b->wishes->no_pivot);
	if (b->config->linux_part->propagation)
		mount_propagation(b->root_tree, (uint64_t) b->config->linux_part->propagation);
	fd_close(&b->root_tree);
}
