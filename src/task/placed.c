#include "task/placed.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char **without_last(const char **parts)
{
	const char **left = NULL;
	for (size_t i = 0; i + 1 < count(parts); i++)
		left = append(left, parts[i]);
	return left;
}

/* A relative one starts in the task's directory, beside which the shared one lies: ../alloc leads there. */
static const char **parts_from_top(const char *destination, struct position at)
{
	const char **parts = append(NULL, "task");
	EACH(part, split(destination, '/')) {
		if (same(*part, "..") && !parts)
			break;
		if (same(*part, ".."))
			parts = without_last(parts);
		else if (**part && !same(*part, "."))
			parts = append(parts, *part);
	}
	if (!parts || (!same(*parts, "task") && !same(*parts, "alloc")))
		hcl_fail(
			at,
			"destination \"%s\" leaves the allocation directory; it can be below local/, secrets/, tmp/ or "
			"../alloc/",
			destination);
	return parts;
}

struct placed placed_at(const char *destination, const char *task, const char *alloc, struct position at)
{
	static const char *const own_dirs[] = { "local", "secrets", "tmp", NULL };
	static const char *const shared_dirs[] = { "logs", "data", "tmp", NULL };
	const char *shared = path_below(alloc, destination), *own = path_below(task, destination);
	struct placed p = { .shared = shared };

	if (*destination == '/' && !shared && !own)
		hcl_fail(at,
			 "destination \"%s\" is outside the task's directories; it can be below local/, secrets/, tmp/ "
			 "or ../alloc/",
			 destination);
	const char **parts = parts_from_top(shared ? fmt("../alloc/%s", shared) : own ? own : destination, at);
	p.shared = same(*parts, "alloc");
	/* In the root of an exec task /alloc is the shared directory. */
	if (!p.shared && same(task, "/") && parts[1] && same(parts[1], "alloc")) {
		p.shared = true;
		parts++;
	}
	if (!parts[1] ||
	    (!parts[2] && (ends_with(destination, "/") || contains_word(p.shared ? shared_dirs : own_dirs, parts[1]))))
		hcl_fail(at, "destination \"%s\" is a directory; name the file in it", destination);
	p.path = join(parts + 1, "/");
	return p;
}

/* One part of a path below *dir, which is replaced by it. */
static void enter(int *dir, const char *name, const char *whole, const struct account *who, struct made *m)
{
	bool made = !mkdirat(*dir, name, 0755);

	if (!made && errno != EEXIST)
		fail_sys("make directory %s", whole);
	int next = try_open(*dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (next < 0)
		fail_sys("%s must be a directory", whole);
	if (made) {
		made_add(m, whole);
		if (fchown(next, who->uid, who->gid) < 0 && errno != EPERM)
			fail_sys("owner of %s", whole);
	}
	fd_close(dir);
	*dir = next;
}

/* By a name that nobody has, and rename(2): what is in its place, a link too, is not opened. */
static void replace(int dir, const char *name, const struct placed *p, const char *whole)
{
	const char *aside = fmt(".%s.new", name);

	if (unlinkat(dir, aside, 0) < 0 && errno != ENOENT)
		fail_sys("remove %s", whole);
	autoclose int fd = openat(dir, aside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		fail_sys("make %s", whole);
	write_all(fd, p->words, p->length, whole);
	if (fchown(fd, p->uid, p->gid) < 0 && errno != EPERM)
		fail_sys("owner of %s", whole);
	if (fchmod(fd, p->mode) < 0)
		fail_sys("mode of %s", whole);
	if (renameat(dir, aside, dir, name) < 0) {
		int why = errno;
		unlinkat(dir, aside, 0);
		errno = why;
		fail_sys("make %s", whole);
	}
}

void placed_write(const struct placed *p, int top, const char *whole, const struct account *who, struct made *m)
{
	autoclose int dir = fd_copy_from(top, 0);
	struct text so_far = { 0 };
	const char **parts = split(p->path, '/');

	text_put(&so_far, whole);
	for (; parts[1]; parts++) {
		text_printf(&so_far, "/%s", *parts);
		enter(&dir, *parts, so_far.at, who, m);
	}
	text_printf(&so_far, "/%s", *parts);
	bool there = exists(dir, *parts);
	replace(dir, *parts, p, so_far.at);
	if (!there)
		made_add(m, so_far.at);
}
