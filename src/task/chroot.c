#include "task/chroot.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_LINKS 40

/* Where the task's own directories and the kernel's filesystems go; what is bound there would be hidden by them. */
static const char *const taken[] = { "/alloc", "/dev", "/local", "/proc", "/secrets", "/sys", "/tmp", NULL };

/* What of path lies below dir, without its slash; "" for dir itself, NULL when it lies elsewhere. */
static const char *below(const char *dir, const char *path)
{
	size_t n = same(dir, "/") ? 0 : strlen(dir);
	if (strncmp(dir, path, n) || (path[n] && path[n] != '/'))
		return NULL;
	return path + n + (path[n] == '/');
}

static const char *link_text(int dir, const char *path)
{
	char to[PATH_MAX];
	ssize_t n = readlinkat(dir, path, to, sizeof to);
	return n < 0 || n == sizeof to ? NULL : text_n(to, (size_t) n);
}

static const char *link_target(const char *link, const char *to)
{
	return clean_path(*to == '/' ? to : fmt("%s/%s", dir_name(link), to));
}

static void refuse_place(const struct agent *a, const struct pair *p)
{
	if (same(p->value, "/"))
		fail("chroot_env: \"%s\" = \"/\": the task directory is the root; name the directories in it that are "
		     "needed",
		     p->key);
	EACH(t, taken)
		if (below(*t, p->value))
			fail("chroot_env: \"%s\" = \"%s\": %s is the task's own; choose another place", p->key,
			     p->value, *t);
	EACH(other, a->chroot)
		if (*other != p && same(clean_path((*other)->value), clean_path(p->value)))
			fail("chroot_env: \"%s\" and \"%s\" both go to \"%s\"; remove one", (*other)->key, p->key,
			     p->value);
}

/* On most hosts /bin is a link to usr/bin.  Where another entry holds what it leads to, the same link does. */
static bool stays_link(const struct agent *a, const struct pair *p, const char *to)
{
	const char *target = link_target(p->key, to);
	if (!same(clean_path(p->key), clean_path(p->value)))
		return false;
	EACH(other, a->chroot) {
		const char *rest = below(clean_path((*other)->value), target);
		if (*other != p && rest && same(clean_path((*other)->key), clean_path((*other)->value)))
			return true;
	}
	return false;
}

static struct chroot_entry *entry(const char *inside, const char *source, const char *link)
{
	struct chroot_entry *e = mem(sizeof *e);
	struct stat st;

	*e = (struct chroot_entry){ inside, source, link, -1, true };
	if (!source)
		return e;
	e->fd = try_open(AT_FDCWD, source, O_PATH);
	if (e->fd >= 0 && !fstat(e->fd, &st))
		e->directory = S_ISDIR(st.st_mode);
	return e;
}

static void add_pair(struct chroot *c, const struct agent *a, const struct pair *p)
{
	struct pair clean = { clean_path(p->key), clean_path(p->value) };
	const char *to = link_text(AT_FDCWD, clean.key);

	refuse_place(a, p);
	if (to && stays_link(a, p, to)) {
		c->entries = append(c->entries, entry(clean.value, NULL, to));
		return;
	}
	struct chroot_entry *e = entry(clean.value, clean.key, NULL);
	if (e->fd >= 0)
		c->entries = append(c->entries, e);
	else if (a->chroot_given)
		warn("chroot_env: \"%s\" is not on this host (%m), and is left out", p->key);
	else
		debug("chroot_env: %s is not on this host, and is left out", p->key);
}

static int by_inside(const void *a, const void *b)
{
	const struct chroot_entry *const *x = a, *const *y = b;
	return strcmp((*x)->inside, (*y)->inside);
}

/* The entry that the path lies in, itself included: the one mounted last. */
static const struct chroot_entry *around(const struct chroot *c, const char *path, const struct chroot_entry *but)
{
	const struct chroot_entry *best = NULL;
	EACH(e, c->entries)
		if (*e != but && !(*e)->link && below((*e)->inside, path) &&
		    (!best || strlen((*e)->inside) > strlen(best->inside)))
			best = *e;
	return best;
}

static bool own(const struct chroot_entry *e)
{
	if (same(e->inside, "/"))
		return true;
	return contains_word(taken, e->inside);
}

/* A mount point inside another entry cannot be made there: that is the host's directory. */
static void check_nesting(const struct chroot *c)
{
	EACH(e, c->entries) {
		const struct chroot_entry *outer = around(c, (*e)->inside, *e);
		if (!outer || own(outer) || outer->fd < 0)
			continue;
		const char *rest = below(outer->inside, (*e)->inside);
		autoclose int fd = try_open_in_root(outer->fd, rest, O_PATH);
		if (fd < 0)
			fail("chroot_env: %s lies in %s, where the host has no \"%s\" to bind it to; make it there, or "
			     "choose another place",
			     (*e)->inside, outer->inside, rest);
	}
}

/* An entry below one that became a link goes to where the link leads. */
static void follow_links(struct chroot *c)
{
	EACH(e, c->entries)
		EACH(l, c->entries) {
			const char *rest = (*l)->link && *l != *e ? below((*l)->inside, (*e)->inside) : NULL;
			if (rest)
				(*e)->inside = clean_path(fmt("%s/%s", link_target((*l)->inside, (*l)->link), rest));
		}
}

struct chroot *chroot_plan(const struct agent *a, const char *bundle, const char *alloc)
{
	struct chroot *c = mem(sizeof *c);

	EACH(p, a->chroot)
		add_pair(c, a, *p);
	follow_links(c);
	c->entries = append(c->entries, entry("/", bundle ? fmt("%s/task", bundle) : NULL, NULL));
	c->entries = append(c->entries, entry("/local", bundle ? fmt("%s/task/local", bundle) : NULL, NULL));
	c->entries = append(c->entries, entry("/tmp", bundle ? fmt("%s/task/tmp", bundle) : NULL, NULL));
	c->entries = append(c->entries, entry("/alloc", alloc, NULL));
	qsort(c->entries, count(c->entries), sizeof *c->entries, by_inside);
	check_nesting(c);
	return c;
}

/* What stands at a path that has no link before its last part.  -1: nothing. */
static int look(const struct chroot *c, const char *path, mode_t *kind, const char **link)
{
	struct stat st;

	EACH(e, c->entries)
		if ((*e)->link && same((*e)->inside, path)) {
			*kind = S_IFLNK;
			*link = (*e)->link;
			return 0;
		}
	const struct chroot_entry *e = around(c, path, NULL);
	const char *rest = below(e->inside, path);
	autoclose int fd = e->fd < 0 ? -1
			   : *rest   ? try_open_in_root(e->fd, rest, O_PATH | O_NOFOLLOW)
				     : fd_copy_from(e->fd, 0);
	if (fd >= 0 && !fstat(fd, &st)) {
		*kind = st.st_mode & S_IFMT;
		*link = S_ISLNK(st.st_mode) ? link_text(fd, "") : NULL;
		return 0;
	}
	EACH(deeper, c->entries)
		if (below(path, (*deeper)->inside)) {
			*kind = S_IFDIR;
			return 0;
		}
	return -1;
}

bool chroot_has(const struct chroot *c, const char *path, mode_t wanted, struct way *way)
{
	const char *done = "/", *rest = clean_path(path) + 1, *link = NULL;
	mode_t kind = S_IFDIR;

	*way = (struct way){ "/", false };
	for (int links = 0; *rest;) {
		size_t n = strcspn(rest, "/");
		const char *here = clean_path(fmt("%s/%.*s", done, (int) n, rest));
		way->stop = here;
		rest += n + (rest[n] == '/');
		link = NULL;
		if (look(c, here, &kind, &link) < 0 || (*rest && kind != S_IFDIR && kind != S_IFLNK))
			return false;
		if (kind != S_IFLNK) {
			done = here;
			continue;
		}
		/* A path in the target may climb: `done` is free of links, so ".." can be taken by its words. */
		if (!link || ++links > MOST_LINKS)
			return false;
		way->linked |= !*rest;
		rest = text(clean_path(fmt("%s/%s", link_target(here, link), rest)) + 1);
		done = "/";
	}
	return kind == wanted;
}

const struct chroot_entry *chroot_holds(const struct chroot *c, const char *host_path)
{
	EACH(e, c->entries)
		if ((*e)->source && !own(*e) && below((*e)->source, host_path))
			return *e;
	return NULL;
}

struct mount **chroot_mounts(const struct chroot *c)
{
	static const char *const options[] = { "rbind", "rprivate", "ro", "nosuid", "rro", "rnosuid", NULL };
	struct mount **mounts = NULL;

	EACH(e, c->entries) {
		if ((*e)->link || own(*e))
			continue;
		struct mount *m = mem(sizeof *m);
		*m = (struct mount){ .destination = (*e)->inside,
				     .type = "bind",
				     .source = (*e)->source,
				     .options = (const char **) options };
		mounts = append(mounts, m);
	}
	return mounts;
}

static void make_link(int dir, const char *name, const char *to)
{
	if (symlinkat(to, dir, name) < 0 && !(errno == EEXIST && same(link_text(dir, name), to)))
		fail_sys("make the link %s in the task directory", name);
}

static void make_file(int dir, const char *name)
{
	autoclose int fd = try_open(dir, name, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		fail_sys("make the mount point %s in the task directory", name);
}

/* One part of a path below `dir`, which is replaced by it.  Never through a link: what an earlier run left may be
 * hostile. */
static void enter(int *dir, const char *name, const char *whole, struct made *m)
{
	if (!mkdirat(*dir, name, 0755))
		made_add(m, whole);
	else if (errno != EEXIST)
		fail_sys("make directory %s", whole);
	int next = try_open(*dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
	if (next < 0)
		fail_sys("%s must be a directory", whole);
	fd_close(dir);
	*dir = next;
}

static void make_entry(const struct chroot_entry *e, int task_dir, const char *path, struct made *m)
{
	autoclose int dir = fd_copy_from(task_dir, 0);
	const char *last = base_name(e->inside);
	struct text whole = { 0 };

	text_put(&whole, path);
	EACH(part, split(dir_name(e->inside) + 1, '/')) {
		text_printf(&whole, "/%s", *part);
		enter(&dir, *part, whole.at, m);
	}
	text_printf(&whole, "/%s", last);
	if (!e->link && e->directory) {
		enter(&dir, last, whole.at, m);
		return;
	}
	bool there = exists(dir, last);
	e->link ? make_link(dir, last, e->link) : make_file(dir, last);
	if (!there)
		made_add(m, whole.at);
}

void chroot_make(const struct chroot *c, int task_dir, const char *path, struct made *m)
{
	EACH(e, c->entries) {
		const struct chroot_entry *outer = around(c, (*e)->inside, *e);
		if (!own(*e) && (!outer || own(outer)))
			make_entry(*e, task_dir, path, m);
	}
}
