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

/* Of these the ones that may have mounts of the job's in them. */
static const char *const writable[] = { "/alloc", "/local", "/secrets", "/tmp", NULL };

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
		if (path_below(*t, p->value))
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
		const char *rest = path_below(clean_path((*other)->value), target);
		if (*other != p && rest && same(clean_path((*other)->key), clean_path((*other)->value)))
			return true;
	}
	return false;
}

static struct chroot_entry *entry(const char *inside, const char *source, const char *link)
{
	struct chroot_entry *e = mem(sizeof *e);
	struct stat st;

	*e = (struct chroot_entry){ .inside = inside, .source = source, .link = link, .fd = -1, .directory = true };
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
		if (*e != but && !(*e)->link && path_below((*e)->inside, path) &&
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

/* A mount point inside another entry cannot be made there: that is the host's directory.  The entry where it is
 * missing; NULL: it is there, or can be made. */
static const struct chroot_entry *lacking(const struct chroot *c, const struct chroot_entry *e)
{
	const struct chroot_entry *outer = around(c, e->inside, e);
	if (!outer || own(outer) || outer->fd < 0)
		return NULL;
	autoclose int fd = try_open_in_root(outer->fd, path_below(outer->inside, e->inside), O_PATH);
	return fd < 0 ? outer : NULL;
}

static void check_nesting(const struct chroot *c)
{
	EACH(e, c->entries) {
		const struct chroot_entry *outer = lacking(c, *e);
		if (outer)
			fail("chroot_env: %s lies in %s, where the host has no \"%s\" to bind it to; make it there, or "
			     "choose another place",
			     (*e)->inside, outer->inside, path_below(outer->inside, (*e)->inside));
	}
}

/* An entry below one that became a link goes to where the link leads. */
static void follow_links(struct chroot *c)
{
	EACH(e, c->entries)
		EACH(l, c->entries) {
			const char *rest = (*l)->link && *l != *e ? path_below((*l)->inside, (*e)->inside) : NULL;
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

void chroot_look_again(struct chroot *c)
{
	EACH(e, c->entries)
		if ((*e)->source && (*e)->fd < 0)
			(*e)->fd = try_open(AT_FDCWD, (*e)->source, O_PATH);
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
	const char *rest = path_below(e->inside, path);
	autoclose int fd = e->fd < 0 ? -1
			   : *rest   ? try_open_in_root(e->fd, rest, O_PATH | O_NOFOLLOW)
				     : fd_copy_from(e->fd, 0);
	if (fd >= 0 && !fstat(fd, &st)) {
		*kind = st.st_mode & S_IFMT;
		*link = S_ISLNK(st.st_mode) ? link_text(fd, "") : NULL;
		return 0;
	}
	EACH(deeper, c->entries)
		if (path_below(path, (*deeper)->inside)) {
			*kind = S_IFDIR;
			return 0;
		}
	return -1;
}

bool chroot_has(const struct chroot *c, const char *path, mode_t wanted, struct way *way)
{
	const char *done = "/", *rest = clean_path(path) + 1, *link = NULL;
	mode_t kind = S_IFDIR;

	*way = (struct way){ "/", rest, false };
	for (int links = 0; *rest;) {
		size_t n = strcspn(rest, "/");
		const char *here = clean_path(fmt("%s/%.*s", done, (int) n, rest));
		way->stop = here;
		way->rest = rest += n + (rest[n] == '/');
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

const char *chroot_leads(const struct chroot *c, const char *path)
{
	struct way way;
	chroot_has(c, path, 0, &way);
	return clean_path(fmt("%s/%s", way.stop, way.rest));
}

int try_chroot_open(const struct chroot *c, const char *path)
{
	struct way way;

	errno = ENOENT;
	if (!chroot_has(c, path, S_IFREG, &way))
		return -1;
	const struct chroot_entry *e = around(c, way.stop, NULL);
	const char *rest = path_below(e->inside, way.stop);
	return *rest ? try_open_in_root(e->fd, rest, O_RDONLY | O_NONBLOCK | O_NOFOLLOW)
		     : try_open(AT_FDCWD, e->source, O_RDONLY | O_NONBLOCK);
}

const char *chroot_bind(struct chroot *c, const struct addition *a)
{
	const char *inside = chroot_leads(c, a->inside);
	struct chroot_entry *e = entry(inside, a->source, NULL);

	EACH(t, taken)
		if (same(*t, inside) || (path_below(*t, inside) && !contains_word(writable, *t)))
			hcl_fail(a->at, "%s %s: %s is the task's own; choose another place", a->what, a->inside, *t);
	if (same(inside, "/"))
		hcl_fail(a->at, "%s /: the task directory is the root; choose a place in it", a->what);
	e->added = true;
	if (a->file)
		e->directory = false;
	const struct chroot_entry *outer = lacking(c, e);
	if (outer)
		hcl_fail(
			a->at,
			"%s %s lies in %s, which is the host's and has no such place to bind it to; choose another, or "
			"make \"%s\" there",
			a->what, a->inside, outer->inside, path_below(outer->inside, inside));
	c->entries = append(c->entries, e);
	qsort(c->entries, count(c->entries), sizeof *c->entries, by_inside);
	return inside;
}

bool chroot_may_hold(const struct chroot *c, const char *path)
{
	/* A link in its own place is replaced, not followed. */
	const char *place = clean_path(fmt("%s/%s", chroot_leads(c, dir_name(path)), base_name(path)));
	return own(around(c, place, NULL)) && !path_below("/dev", place) && !path_below("/proc", place) &&
	       !path_below("/sys", place);
}

const struct chroot_entry *chroot_holds(const struct chroot *c, const char *host_path)
{
	EACH(e, c->entries)
		if ((*e)->source && !own(*e) && path_below((*e)->source, host_path))
			return *e;
	return NULL;
}

struct mount **chroot_mounts(const struct chroot *c)
{
	static const char *const options[] = { "rbind", "rprivate", "ro", "nosuid", "rro", "rnosuid", NULL };
	struct mount **mounts = NULL;

	EACH(e, c->entries) {
		if ((*e)->link || (*e)->added || own(*e))
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

bool chroot_makes(const struct chroot *c, const struct chroot_entry *e)
{
	const struct chroot_entry *outer = around(c, e->inside, e);
	return !own(e) && (!outer || own(outer));
}
