#include "sys/copyup.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define XATTR_MOST 65536 /* XATTR_SIZE_MAX and XATTR_LIST_MAX of the kernel */
#define DEEPEST    1000  /* directories within each other, each of which holds two descriptors */

/* A file with several names: where its first one was copied to, from the top. */
struct linked {
	dev_t device;
	ino_t inode;
	const char *at;
};

struct copying {
	const char *what;
	int to; /* the top of the copy */
	struct linked **linked;
	char *room[2]; /* XATTR_MOST bytes each: memory is not given back, so there is one for all files */
};

static _Noreturn void refuse(const struct copying *c, const char *path) { fail_sys("copy of %s: %s", c->what, path); }

/* A name behind a descriptor of its directory, for the calls that take only a path: they follow this far and, being
 * those with an l, no further. */
static const char *behind(int dir, const char *name) { return fmt("/proc/self/fd/%d/%s", dir, name); }

/* Some, such as SELinux's own, are not for us to set, and a filesystem need not have any. */
static void copy_xattrs(const struct copying *c, int from, int to, const char *name)
{
	char *names = c->room[0], *room = c->room[1];
	ssize_t length = llistxattr(behind(from, name), names, XATTR_MOST);

	for (const char *key = names; key < names + length; key += strlen(key) + 1) {
		ssize_t n = lgetxattr(behind(from, name), key, room, XATTR_MOST);
		if (n >= 0 && lsetxattr(behind(to, name), key, room, (size_t) n, 0) < 0)
			debug("%s: %s is not copied: %s", name, key, strerror(errno));
	}
}

/* Owner before mode, which a change of owner cuts; times last. */
static void copy_properties(const struct copying *c, int from, int to, const char *name, const struct stat *st,
			    const char *path)
{
	const struct timespec times[] = { st->st_atim, st->st_mtim };

	if (fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		refuse(c, path);
	copy_xattrs(c, from, to, name);
	/* Nobody else can reach the copy yet: no link can have taken the name's place. */
	if (!S_ISLNK(st->st_mode) && fchmodat(to, name, st->st_mode & 07777, 0) < 0)
		refuse(c, path);
	if (utimensat(to, name, times, AT_SYMLINK_NOFOLLOW) < 0)
		refuse(c, path);
}

static void copy_content(const struct copying *c, int from, int to, const char *name, const char *path)
{
	autoclose int in = try_open(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
	autoclose int out = openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ssize_t n;

	if (in < 0 || out < 0)
		refuse(c, path);
	while ((n = sendfile(out, in, NULL, 1 << 30)) > 0)
		;
	if (n < 0)
		refuse(c, path);
}

static void copy_link(const struct copying *c, int from, int to, const char *name, const char *path)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, name, target, sizeof target - 1);

	if (n < 0)
		refuse(c, path);
	target[n] = 0;
	if (symlinkat(target, to, name) < 0)
		refuse(c, path);
}

/* True: it was copied under another name, and has this one now too. */
static bool is_linked(struct copying *c, int to, const char *name, const struct stat *st, const char *path)
{
	if (st->st_nlink < 2 || S_ISDIR(st->st_mode))
		return false;
	EACH(l, c->linked) {
		if ((*l)->device != st->st_dev || (*l)->inode != st->st_ino)
			continue;
		if (linkat(c->to, (*l)->at, to, name, 0) < 0)
			refuse(c, path);
		return true;
	}
	struct linked *l = mem(sizeof *l);
	*l = (struct linked){ st->st_dev, st->st_ino, path };
	c->linked = append(c->linked, l);
	return false;
}

static void copy_below(struct copying *c, int from, int to, const char *path, int depth);

static void copy_directory(struct copying *c, int from, int to, const char *name, const char *path, int depth)
{
	autoclose int in = try_open(from, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	autoclose int out = mkdirat(to, name, 0700) < 0 ? -1 : try_open(to, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);

	if (in < 0 || out < 0)
		refuse(c, path);
	copy_below(c, in, out, path, depth + 1);
}

static void copy_one(struct copying *c, int from, int to, const char *name, const char *path, int depth)
{
	struct stat st;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		refuse(c, path);
	if (is_linked(c, to, name, &st, path))
		return;
	if (S_ISDIR(st.st_mode))
		copy_directory(c, from, to, name, path, depth);
	else if (S_ISREG(st.st_mode))
		copy_content(c, from, to, name, path);
	else if (S_ISLNK(st.st_mode))
		copy_link(c, from, to, name, path);
	else if (mknodat(to, name, (st.st_mode & S_IFMT) | 0600, st.st_rdev) < 0)
		refuse(c, path);
	copy_properties(c, from, to, name, &st, path);
}

static void copy_below(struct copying *c, int from, int to, const char *path, int depth)
{
	struct dirent *e;
	DIR *d = fdopendir(fcntl(from, F_DUPFD_CLOEXEC, 3));

	if (!d)
		refuse(c, path);
	if (depth > DEEPEST)
		fail("copy of %s: directories within each other more than %d deep", c->what, DEEPEST);
	while ((e = readdir(d)))
		if (!same(e->d_name, ".") && !same(e->d_name, ".."))
			copy_one(c, from, to, text(e->d_name), *path ? fmt("%s/%s", path, e->d_name) : text(e->d_name),
				 depth);
	closedir(d);
}

void tree_copy(int from, int to, bool top, const char *what)
{
	struct copying c = { .what = what, .to = to, .room = { mem(XATTR_MOST), mem(XATTR_MOST) } };
	struct stat st;

	copy_below(&c, from, to, "", 0);
	if (fstat(from, &st) < 0)
		refuse(&c, "");
	if (top)
		copy_properties(&c, from, to, ".", &st, ".");
}
