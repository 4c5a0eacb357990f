#include "base/file.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LARGEST ((size_t) 16 << 20)

int try_open(int dir, const char *path, int flags) { return openat(dir, path, flags | O_CLOEXEC | O_NOCTTY, 0600); }

int open_dir(int dir, const char *path)
{
	int fd = try_open(dir, path, O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		fail_sys("directory %s", path);
	return fd;
}

int try_open_in_root(int root, const char *path, int flags)
{
	struct open_how how = {
		.flags = (unsigned) (flags | O_CLOEXEC) | (flags & O_PATH ? 0U : O_NOCTTY),
		.mode = flags & O_CREAT ? 0600 : 0,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd;
	do /* EAGAIN: something was renamed meanwhile, and the kernel cannot tell whether we are still inside */
		fd = (int) syscall(SYS_openat2, root, path, &how, sizeof how);
	while (fd < 0 && errno == EAGAIN);
	return fd;
}

int open_in_root(int root, const char *path, int flags)
{
	int fd = try_open_in_root(root, path, flags);
	if (fd < 0)
		fail_sys("%s in the root filesystem", path);
	return fd;
}

static char *read_fd(int fd)
{
	struct text t = { 0 };
	char buffer[8192];
	ssize_t n;

	while ((n = read(fd, buffer, sizeof buffer)) > 0) {
		if (t.length + (size_t) n > LARGEST) {
			errno = EFBIG;
			return NULL;
		}
		text_add(&t, buffer, (size_t) n);
	}
	if (n < 0)
		return NULL;
	return t.at ? t.at : text("");
}

char *try_read_whole(int dir, const char *path)
{
	autoclose int fd = try_open(dir, path, O_RDONLY);
	return fd < 0 ? NULL : read_fd(fd);
}

char *read_whole(int dir, const char *path)
{
	char *t = try_read_whole(dir, path);
	if (!t)
		fail_sys("read %s", path);
	return t;
}

int try_write_file(int dir, const char *path, const char *what)
{
	autoclose int fd = try_open(dir, path, O_WRONLY);
	if (fd < 0)
		return -1;
	return write(fd, what, strlen(what)) < 0 ? -1 : 0;
}

void write_file(int dir, const char *path, const char *what)
{
	if (try_write_file(dir, path, what) < 0)
		fail_sys("write \"%s\" to %s", what, path);
}

void write_all(int fd, const char *what, size_t length, const char *name)
{
	while (length) {
		ssize_t n = write(fd, what, length);
		if (n < 0 && errno != EINTR)
			fail_sys("write %s", name);
		if (n > 0) {
			what += n;
			length -= (size_t) n;
		}
	}
}

void write_new(int dir, const char *path, const char *what)
{
	const char *aside = fmt("%s.new", path);
	autoclose int fd = try_open(dir, aside, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW);
	if (fd < 0)
		fail_sys("create %s", path);
	write_all(fd, what, strlen(what), path);
	if (renameat(dir, aside, dir, path) < 0)
		fail_sys("create %s", path);
}

void make_dir(int dir, const char *path, mode_t mode)
{
	if (mkdirat(dir, path, mode) < 0)
		fail_sys("make directory %s", path);
}

void make_dirs(int dir, const char *path, mode_t mode)
{
	char *part = text(path);
	for (char *slash = part; slash;) {
		slash = strchr(slash + 1, '/');
		if (slash)
			*slash = 0;
		if (mkdirat(dir, part, mode) < 0 && errno != EEXIST)
			fail_sys("make directory %s", part);
		if (slash)
			*slash = '/';
	}
}

bool exists(int dir, const char *path) { return !faccessat(dir, path, F_OK, AT_SYMLINK_NOFOLLOW); }

static int remove_entries(int fd)
{
	DIR *d = fdopendir(fd);
	struct dirent *e;
	int result = 0;

	if (!d)
		return -1;
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && try_remove_tree(dirfd(d), e->d_name) < 0)
			result = -1;
	closedir(d);
	return result;
}

int try_remove_tree(int dir, const char *path)
{
	if (!unlinkat(dir, path, 0))
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	int fd = try_open(dir, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (fd < 0 || remove_entries(fd) < 0)
		return -1;
	return unlinkat(dir, path, AT_REMOVEDIR);
}

const char *absolute(const char *path)
{
	char here[4096];
	if (*path == '/')
		return clean_path(path);
	if (!getcwd(here, sizeof here))
		fail_sys("working directory");
	return clean_path(fmt("%s/%s", here, path));
}

const char *dir_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return ".";
	return slash == path ? "/" : text_n(path, (size_t) (slash - path));
}

const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

const char *clean_path(const char *path)
{
	char *out = mem(strlen(path) + 2);
	size_t n = 0;

	EACH(part, split(path, '/')) {
		if (!**part || !strcmp(*part, "."))
			continue;
		if (!strcmp(*part, "..")) {
			while (n && out[--n] != '/')
				;
			continue;
		}
		out[n++] = '/';
		memcpy(out + n, *part, strlen(*part));
		n += strlen(*part);
	}
	if (!n)
		out[n++] = '/';
	out[n] = 0;
	return out;
}

const char *path_below(const char *dir, const char *path)
{
	size_t n = strcmp(dir, "/") ? strlen(dir) : 0;
	if (strncmp(path, dir, n) || (path[n] && path[n] != '/'))
		return NULL;
	return path + n + (path[n] == '/');
}
