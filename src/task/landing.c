#include "task/landing.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/value.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* The names in a directory, read before any of them is moved. */
static const char **names_in(int dir, const char *path)
{
	struct list names = { 0 };
	int copy = try_open(dir, ".", O_RDONLY | O_DIRECTORY);
	DIR *d = copy < 0 ? NULL : fdopendir(copy);
	struct dirent *e;

	if (!d)
		fail_sys("read directory %s", path);
	while ((e = readdir(d)))
		if (!same(e->d_name, ".") && !same(e->d_name, ".."))
			list_add(&names, text(e->d_name));
	closedir(d);
	return (const char **) names.at;
}

static int open_plainly(int dir, const char *name, const char *path)
{
	int fd = try_open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (fd < 0)
		fail_sys("%s must be a directory, and no link to one", path);
	return fd;
}

/* A hard link may be to anybody's file: only what is really `from`'s is given away.  The kernel clears setuid bits. */
static void give(int dir, const char *name, const char *path, uid_t from, const struct account *to)
{
	autoclose int fd = try_open(dir, name, O_PATH | O_NOFOLLOW);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		fail_sys("owner of %s", path);
	if (st.st_uid != from)
		fail("%s belongs to uid %u, and should to %u", path, st.st_uid, from);
	if (fchownat(fd, "", to->uid, to->gid, AT_EMPTY_PATH) < 0)
		fail_sys("owner of %s", path);
}

void landing_give(int dir, const char *path, uid_t from, const struct account *to)
{
	EACH(name, names_in(dir, path)) {
		const char *at = fmt("%s/%s", path, *name);
		struct stat st;
		if (fstatat(dir, *name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			fail_sys("%s", at);
		if (S_ISDIR(st.st_mode)) {
			autoclose int inner = open_plainly(dir, *name, at);
			landing_give(inner, at, from, to);
		}
		/* Another name of a file that has been given away already. */
		if (S_ISREG(st.st_mode) && st.st_nlink > 1 && st.st_uid == to->uid)
			continue;
		give(dir, *name, at, from, to);
	}
}

int landing_open(struct made *m, int dir, const char *whole, const char *path, const struct account *who)
{
	int at = fd_copy_from(dir, 3);
	struct text so_far = { 0 };

	text_put(&so_far, whole);
	EACH(part, split(path, '/')) {
		text_printf(&so_far, "/%s", *part);
		bool made = !mkdirat(at, *part, 0755);
		if (!made && errno != EEXIST)
			fail_sys("make directory %s", so_far.at);
		if (made)
			made_add(m, so_far.at);
		int next = open_plainly(at, *part, so_far.at);
		/* Whoever is not root makes it for himself. */
		if (made && fchown(next, who->uid, who->gid) < 0 && errno != EPERM)
			fail_sys("owner of %s", so_far.at);
		fd_close(&at);
		at = next;
	}
	return at;
}

static void move(struct made *m, int from, int to, const char *name, const char *path)
{
	struct stat new, old;
	bool there = !fstatat(to, name, &old, AT_SYMLINK_NOFOLLOW);

	if (fstatat(from, name, &new, AT_SYMLINK_NOFOLLOW) < 0)
		fail_sys("%s", path);
	if (there && S_ISDIR(new.st_mode) && S_ISDIR(old.st_mode)) {
		autoclose int inner = open_plainly(from, name, path), outer = open_plainly(to, name, path);
		landing_move(m, inner, outer, path);
		return;
	}
	if (there && S_ISDIR(new.st_mode) != S_ISDIR(old.st_mode))
		fail("%s is there already, and is %s directory, unlike what was fetched; choose another destination",
		     path, S_ISDIR(old.st_mode) ? "a" : "no");
	if (renameat(from, name, to, name) < 0)
		fail_sys("move what was fetched to %s", path);
	if (!there)
		made_add_tree(m, path);
}

void landing_move(struct made *m, int from, int to, const char *whole)
{
	EACH(name, names_in(from, whole))
		move(m, from, to, *name, fmt("%s/%s", whole, *name));
}
