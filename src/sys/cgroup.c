/* Where a cgroup lies in each hierarchy, making it, joining it and removing it.  All but cgroup_enter run in HOST.
 * No mountinfo is read: its length grows with what runs on the machine, and the places are those of every distribution.
 */
#include "sys/cgroup.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#define ROOT  "/sys/fs/cgroup"
#define OURS  "/bivy" /* the parent of all whose configuration does not say where */
#define TRIES 100     /* how often another may remove the parent that we are about to use */

/* ---- where ---- */

const char *cgroup_path_of(const char *configured, const char *id)
{
	if (!configured || !*configured)
		return fmt(OURS "/%s", id);
	if (contains_word((const char *const *) split(configured, '/'), ".."))
		fail("linux.cgroupsPath: %s: \"..\" is not accepted in it", configured);
	if (*configured != '/' && strchr(configured, ':'))
		fail("linux.cgroupsPath: %s: the systemd form slice:prefix:name is not supported yet; give a path, or "
		     "run the "
		     "engine with cgroup manager cgroupfs",
		     configured);
	const char *path = clean_path(*configured == '/' ? configured : fmt(OURS "/%s", configured));
	if (same(path, "/") || same(path, OURS))
		fail("linux.cgroupsPath: %s: a container cannot have this cgroup for its own", configured);
	return path;
}

static bool is_filesystem(const char *path, long magic)
{
	struct statfs s;
	return !statfs(path, &s) && s.f_type == magic;
}

static struct hierarchy *hierarchy(const char *name, const char *mount, const char *path)
{
	struct hierarchy *h = mem(sizeof *h);
	*h = (struct hierarchy){ name, mount, fmt("%s%s", mount, path), -1 };
	return h;
}

/* The directory is called after the controllers, in the kernel's order or another; each of them is a link to it then.
 */
static const char *mount_of(const char *name)
{
	const char *named = starts_with(name, "name=") ? name + 5 : name;
	const char *mount = fmt(ROOT "/%s", named);
	if (is_filesystem(mount, CGROUP_SUPER_MAGIC))
		return mount;
	EACH(controller, split(named, ',')) {
		mount = fmt(ROOT "/%s", *controller);
		if (is_filesystem(mount, CGROUP_SUPER_MAGIC))
			return mount;
	}
	return NULL;
}

/* Lines of /proc/self/cgroup: "4:memory:/where/we/are"; the one of v2 has no controllers, and in a hybrid it is not
 * used. */
static struct hierarchy **hierarchies_v1(const char *path)
{
	struct hierarchy **list = NULL, *memory = NULL;
	const char *lines = try_read_whole(AT_FDCWD, "/proc/self/cgroup");

	EACH(line, split(lines ? lines : "", '\n')) {
		const char **part = split(*line, ':');
		const char *mount = count(part) > 1 && *part[1] ? mount_of(part[1]) : NULL;
		if (!mount)
			continue;
		struct hierarchy *h = hierarchy(part[1], mount, path);
		if (contains_word((const char *const *) split(part[1], ','), "memory"))
			memory = h;
		else
			list = append(list, h);
	}
	return memory ? append(list, memory) : list;
}

struct cgroup *cgroup_plan(const char *path)
{
	struct cgroup *cg = mem(sizeof *cg);
	*cg = (struct cgroup){ .path = clean_path(path), .dir = -1 };
	cg->unified = is_filesystem(ROOT, CGROUP2_SUPER_MAGIC);
	if (cg->unified)
		cg->hierarchies = append(NULL, hierarchy("", ROOT, cg->path));
	else
		cg->hierarchies = hierarchies_v1(cg->path);
	return cg;
}

const struct hierarchy *cgroup_hierarchy(const struct cgroup *cg, const char *controller)
{
	EACH(h, cg->hierarchies)
		if (cg->unified || contains_word((const char *const *) split((*h)->name, ','), controller))
			return *h;
	return NULL;
}

/* The directories from just below the mount point to the cgroup itself. */
static const char **steps_to(const struct hierarchy *h)
{
	const char **list = NULL;
	for (const char *end = h->dir + strlen(h->mount); *end;) {
		end = strchrnul(end + 1, '/');
		list = append(list, text_n(h->dir, (size_t) (end - h->dir)));
	}
	return list;
}

const char **cgroup_missing(const struct cgroup *cg)
{
	const char **list = NULL;
	EACH(h, cg->hierarchies) {
		EACH(dir, steps_to(*h))
			if (!exists(AT_FDCWD, *dir))
				list = append(list, *dir);
	}
	return list;
}

/* ---- removing ---- */

static void wait_ms(int ms) { nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000L }, NULL); }

static int try_remove_below(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *e;

	if (!d)
		return -1;
	while ((e = readdir(d))) {
		const char *below = fmt("%s/%s", dir, e->d_name);
		if (e->d_type != DT_DIR || same(e->d_name, ".") || same(e->d_name, ".."))
			continue;
		if (rmdir(below) < 0 && errno == EBUSY && !try_remove_below(below))
			rmdir(below);
	}
	return closedir(d);
}

/* The kernel says EBUSY for processes, for sub-cgroups, and for an instant after the last process has gone. */
static int try_remove_dir(const char *dir, int *patience_ms)
{
	for (int pause = 1; rmdir(dir) < 0 && errno != ENOENT; pause = pause < 16 ? 2 * pause : pause) {
		if (errno != EBUSY)
			return -1;
		try_remove_below(dir);
		if (!rmdir(dir) || errno == ENOENT)
			break;
		if (*patience_ms <= 0)
			return errno = EBUSY, -1;
		wait_ms(pause);
		*patience_ms -= pause;
	}
	return 0;
}

/* Another may be making its own in there at this moment: rmdir takes only what is empty, and a maker starts again. */
static void remove_parents(const struct hierarchy *h)
{
	size_t mount = strlen(h->mount);
	if (!starts_with(h->dir + mount, OURS "/"))
		return;
	for (const char *dir = dir_name(h->dir); strlen(dir) > mount && !rmdir(dir);)
		dir = dir_name(dir);
}

int try_cgroup_remove(const struct cgroup *cg, int timeout_ms)
{
	int result = 0, error = 0;

	EACH(h, cg->hierarchies) {
		if (same((*h)->dir, (*h)->mount) || try_remove_dir((*h)->dir, &timeout_ms) < 0) {
			error = errno;
			result = -1;
			continue;
		}
		remove_parents(*h);
	}
	errno = error;
	return result;
}

void cgroup_remove_made(const char *const *made)
{
	for (size_t n = count(made); n--;)
		rmdir(made[n]);
}

/* ---- making ---- */

struct made {
	const struct cgroup *cg;
	const char **dirs;
};

static bool is_itself(const struct cgroup *cg, const char *dir)
{
	EACH(h, cg->hierarchies)
		if (same((*h)->dir, dir))
			return true;
	return false;
}

/* What of the cgroup is ours: another's may stand in some hierarchies under the same path. */
static struct cgroup made_part(const struct made *made)
{
	struct cgroup part = *made->cg;
	part.hierarchies = NULL;
	EACH(h, made->cg->hierarchies)
		if (contains_word(made->dirs, (*h)->dir))
			part.hierarchies = append(part.hierarchies, *h);
	return part;
}

/* A parent may hold another's cgroups by now: of that only what is empty goes. */
static void remove_made(void *arg)
{
	const struct made *made = arg;
	struct cgroup part = made_part(made);
	int patience_ms = 1000;

	/* A createContainer hook may live still: without a namespace of pids it does not end with who ran it. */
	if (part.hierarchies)
		try_cgroup_kill(&part, SIGKILL);
	for (size_t n = count(made->dirs); made->dirs && n--;) {
		if (is_itself(made->cg, made->dirs[n]))
			try_remove_dir(made->dirs[n], &patience_ms);
		else
			rmdir(made->dirs[n]);
	}
}

static void make_one(const struct hierarchy *h, struct made *made)
{
	for (int n = 0; n < TRIES; n++) {
		EACH(dir, steps_to(h)) {
			if (!mkdir(*dir, 0755))
				made->dirs = append(made->dirs, *dir);
			else if (errno == ENOENT)
				break;
			else if (errno != EEXIST)
				fail_sys("make cgroup %s", *dir);
		}
		if (exists(AT_FDCWD, h->dir))
			return;
	}
	fail("make cgroup %s: its parents vanish again and again: is another program removing them?", h->dir);
}

/* A set that is empty takes no process: the values come from above, level by level.  cpuset(7). */
static void cpuset_inherit(const struct hierarchy *h)
{
	static const char *const files[] = { "cpuset.cpus", "cpuset.mems", NULL };

	EACH(dir, steps_to(h)) {
		EACH(file, files) {
			const char *path = fmt("%s/%s", *dir, *file);
			const char *above = fmt("%s/%s", dir_name(*dir), *file);
			if (!*trim(read_whole(AT_FDCWD, path)))
				write_file(AT_FDCWD, path, trim(read_whole(AT_FDCWD, above)));
		}
	}
}

/* The controllers that a directory has and its children have not, as subtree_control takes them: "+cpu +memory". */
static const char **not_passed_on(const char *dir)
{
	const char *has = try_read_whole(AT_FDCWD, fmt("%s/cgroup.controllers", dir));
	const char *gives = try_read_whole(AT_FDCWD, fmt("%s/cgroup.subtree_control", dir));
	const char **given = split(trim(gives ? gives : ""), ' '), **list = NULL;

	EACH(controller, split(trim(has ? has : ""), ' '))
		if (!contains_word((const char *const *) given, *controller))
			list = append(list, fmt("+%s", *controller));
	return list;
}

/* Whether that has been done, so that a cgroup made from now on has the controllers' files. */
static bool is_passed_on(const struct hierarchy *h)
{
	EACH(below, steps_to(h)) {
		const char *dir = dir_name(*below);
		if (!exists(AT_FDCWD, dir) || not_passed_on(dir))
			return false;
	}
	return true;
}

/* A cgroup other than the kernel's root that has processes cannot pass on memory or io; and passing on only cpu or pids
 * would make it a threaded domain, whose children take no process.  cgroups(7), "no internal processes". */
static bool has_own_processes(const char *dir)
{
	const char *processes = try_read_whole(AT_FDCWD, fmt("%s/cgroup.procs", dir));
	return processes && *processes && exists(AT_FDCWD, fmt("%s/cgroup.type", dir));
}

/* All at once, and where that is refused one by one: a missing permission, or realtime processes, which the cpu
 * controller does not take along, may stand in the way of some.  Also those that are passed on already: another process
 * may be about it, and the files come a moment after subtree_control shows it; a write waits for the other's. */
static void pass_on_controllers(const char *dir)
{
	const char *has = try_read_whole(AT_FDCWD, fmt("%s/cgroup.controllers", dir)), **list = NULL;
	EACH(controller, split(trim(has ? has : ""), ' '))
		list = append(list, fmt("+%s", *controller));
	const char *file = fmt("%s/cgroup.subtree_control", dir);

	if (!list || has_own_processes(dir) || !try_write_file(AT_FDCWD, file, join((const char *const *) list, " ")))
		return;
	EACH(controller, list)
		if (try_write_file(AT_FDCWD, file, *controller) < 0)
			debug("%s to %s: %s", *controller, file, strerror(errno));
}

static void pass_on_to(const struct hierarchy *h)
{
	EACH(dir, steps_to(h))
		pass_on_controllers(dir_name(*dir));
}

const char *cgroup_why_not(const struct cgroup *cg, const char *controller)
{
	const struct hierarchy *h = cgroup_hierarchy(cg, controller);
	EACH(below, steps_to(h)) {
		const char *dir = dir_name(*below), *file = fmt("%s/cgroup.subtree_control", dir);
		if (!contains_word((const char *const *) not_passed_on(dir), fmt("+%s", controller)))
			continue;
		if (has_own_processes(dir))
			return fmt("%s has processes of its own, and so cannot pass controllers on: move them to a "
				   "cgroup below "
				   "it",
				   dir);
		if (!try_write_file(AT_FDCWD, file, fmt("+%s", controller)))
			continue;
		return fmt("+%s to %s: %s", controller, file, strerror(errno));
	}
	const char *all = try_read_whole(AT_FDCWD, fmt("%s/cgroup.controllers", h->mount));
	if (contains_word((const char *const *) split(trim(all ? all : ""), ' '), controller))
		return fmt("%s has no such file", h->dir);
	return fmt("the kernel has no controller %s on cgroup v2 (those it has: %s)", controller,
		   all ? trim(all) : "unknown");
}

void cgroup_check_unused(const struct cgroup *cg)
{
	EACH(h, cg->hierarchies) {
		const char *processes = try_read_whole(AT_FDCWD, fmt("%s/cgroup.procs", (*h)->dir));
		if (processes && *processes)
			fail("cgroup %s is there already and holds processes (%s): end them, or choose another "
			     "linux.cgroupsPath",
			     (*h)->dir, join((const char *const *) split(trim(processes), '\n'), " "));
	}
	if (cgroup_frozen(cg))
		fail("cgroup %s is frozen, and so would be what starts in it: thaw it, or choose another "
		     "linux.cgroupsPath",
		     cg->path);
}

void cgroup_make(struct cgroup *cg)
{
	struct made *made = mem(sizeof *made);
	bool was_there = false;

	made->cg = cg;
	if (!cg->hierarchies) {
		warn("no cgroups are mounted at " ROOT ": nothing limits or counts what the container uses");
		return;
	}
	EACH(h, cg->hierarchies)
		was_there |= exists(AT_FDCWD, (*h)->dir);
	if (was_there)
		cgroup_check_unused(cg);
	const struct hierarchy *cpuset = cgroup_hierarchy(cg, "cpuset"); /* on v2 the one for all */
	bool passed_on = cpuset && cg->unified && is_passed_on(cpuset);
	undo(remove_made, made);
	EACH(h, cg->hierarchies)
		make_one(*h, made);
	if (cpuset && cg->unified && !(passed_on && is_passed_on(cpuset)))
		pass_on_to(cpuset);
	else if (cpuset && !cg->unified)
		cpuset_inherit(cpuset);
	if (!was_there && cgroup_frozen(cg))
		cgroup_check_unused(cg);
}

/* ---- joining ---- */

void cgroup_open_doors(struct cgroup *cg)
{
	EACH(h, cg->hierarchies) {
		const char *file = fmt("%s/%s", (*h)->dir, cg->unified ? "cgroup.procs" : "tasks");
		(*h)->door = try_open(AT_FDCWD, file, O_WRONLY);
		if ((*h)->door < 0)
			fail_sys("open %s to join the cgroup", file);
		if (cg->unified)
			cg->dir = open_dir(AT_FDCWD, (*h)->dir);
	}
}

/* "0" is the writing thread: for it the kernel takes no lock over all processes (cgroup_attach_lock), which costs 10
 * ms. */
void cgroup_enter(const struct cgroup *cg)
{
	EACH(h, cg->hierarchies)
		if (write((*h)->door, "0", 1) < 0)
			fail_sys("join cgroup %s", (*h)->dir);
	cgroup_close_doors(cg);
}

/* The members keep their numbers: after a CLONE_VM the struct is the parent's too, and its table of descriptors another
 * one. */
void cgroup_close_doors(const struct cgroup *cg)
{
	EACH(h, cg->hierarchies)
		if ((*h)->door >= 0)
			close((*h)->door);
	if (cg->dir >= 0)
		close(cg->dir);
}
