#include "sys/program.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/config.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define USUAL_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define HEAD_SIZE  512 /* more than the 256 bytes that execve(2) looks at for a #! line */
#define DEEPEST    5   /* interpreters of interpreters, as in the kernel */

#if defined(__x86_64__)
#define OWN_MACHINE    EM_X86_64
#define OWN_MACHINE_32 EM_386
#elif defined(__aarch64__)
#define OWN_MACHINE    EM_AARCH64
#define OWN_MACHINE_32 EM_ARM
#else
#error "which ELF machines does this processor run?"
#endif

/* One file that is to be run, and for whose sake: `why` is what an error says before it. */
struct candidate {
	int root;
	const char *cwd, *path, *why;
	int depth;
};

/* Not cleaned: `..` after a link is the kernel's to resolve. */
static const char *joined(const char *dir, const char *name)
{
	return fmt(ends_with(dir, "/") ? "%s%s" : "%s/%s", dir, name);
}

/* NULL when it can be run as far as its mode and its mount say; else what is wrong, and errno. */
static const char *fault(int fd)
{
	struct stat st;
	struct statvfs fs;

	if (fstat(fd, &st) < 0)
		return "cannot be examined";
	errno = EACCES;
	if (S_ISDIR(st.st_mode))
		return "is a directory, not a program";
	if (!S_ISREG(st.st_mode))
		return "is not a regular file";
	if (!(st.st_mode & 0111))
		return "has no execute permission (chmod +x it in the image)";
	if (!fstatvfs(fd, &fs) && fs.f_flag & ST_NOEXEC)
		return "lies on a filesystem that is mounted noexec (remove noexec from its mount's options)";
	return NULL;
}

/* Why a path leads to nothing: a link whose target is missing is the usual surprise. */
static const char *dangling(int root, const char *path)
{
	char target[512];
	autoclose int fd = try_open_in_root(root, path, O_PATH | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof target - 1);

	if (n < 0)
		return "";
	return fmt(" (it is a symbolic link to %s, which is missing)", text_n(target, (size_t) n));
}

static _Noreturn void refuse_missing(const struct candidate *c, int error)
{
	if (error == ENOENT)
		fail_as(NOT_FOUND, "%s%s: no such file or directory in the container's root filesystem%s", c->why,
			c->path, dangling(c->root, c->path));
	if (error == ENOTDIR)
		fail_as(NOT_FOUND, "%s%s: no such file or directory: a part of its path is not a directory", c->why,
			c->path);
	if (error == EACCES)
		fail_as(NOT_EXECUTABLE,
			"%s%s: permission denied on the way to it (search permission, x, on its directories)", c->why,
			c->path);
	if (error == ELOOP)
		fail_as(NOT_EXECUTABLE, "%s%s: its symbolic links go in a circle, or through a process of /proc",
			c->why, c->path);
	fail_as(NOT_EXECUTABLE, "%s%s: %s", c->why, c->path, strerror(error));
}

static void inspect(const struct candidate *);

/* What another file names as its interpreter or its loader. */
static void inspect_named(const struct candidate *by, const char *path, const char *what)
{
	if (by->depth == DEEPEST)
		fail_as(NOT_EXECUTABLE, "%s%s: more than %d interpreters of interpreters", by->why, by->path, DEEPEST);
	inspect(&(struct candidate){
		.root = by->root,
		.cwd = by->cwd,
		.path = *path == '/' ? path : joined(by->cwd, path),
		.why = fmt("%s%s: its %s ", by->why, by->path, what),
		.depth = by->depth + 1,
	});
}

static void inspect_script(const struct candidate *c, const char *head)
{
	const char *from = head + 2 + strspn(head + 2, " \t");
	const char *path = text_n(from, strcspn(from, " \t\n"));

	if (!*path)
		fail_as(NOT_EXECUTABLE, "%s%s: its first line is \"#!\" without an interpreter", c->why, c->path);
	if (ends_with(path, "\r"))
		fail_as(NOT_FOUND,
			"%s%s: its interpreter %s: no such file or directory: its lines end as in DOS (dos2unix it)",
			c->why, c->path, trim(path));
	inspect_named(c, path, "interpreter");
}

/* binfmt_misc may have an emulator for it, which cannot be seen from in here: a program of another processor is refused
 * only where the kernel has no binfmt_misc at all.  Without procfs: nothing is known, so it may. */
static bool may_be_emulated(int root)
{
	autoclose int fd = try_open_in_root(root, "proc/filesystems", O_RDONLY | O_NONBLOCK);
	char known[8192];
	ssize_t n = fd < 0 ? -1 : read(fd, known, sizeof known - 1);

	if (n <= 0)
		return true;
	known[n] = 0;
	return strstr(known, "binfmt_misc");
}

static const char *loader_at(int fd, uint64_t offset, uint64_t size)
{
	char *path = mem(4097);
	if (size > 4096 || offset > INT64_MAX)
		return NULL;
	return pread(fd, path, size, (off_t) offset) > 0 && *path ? path : NULL;
}

/* PT_INTERP's string; NULL: linked statically, or too odd to tell, which execve(2) will then do. */
#define LOADER_OF(bits)                                                                       \
	static const char *loader_of_##bits(int fd, const void *head)                         \
	{                                                                                     \
		Elf##bits##_Ehdr e;                                                           \
		Elf##bits##_Phdr p;                                                           \
		memcpy(&e, head, sizeof e);                                                   \
		for (uint64_t i = 0; i < e.e_phnum && e.e_phentsize == sizeof p; i++) {       \
			off_t at = (off_t) ((e.e_phoff + i * sizeof p) & INT64_MAX);          \
			if (pread(fd, &p, sizeof p, at) == sizeof p && p.p_type == PT_INTERP) \
				return loader_at(fd, p.p_offset, p.p_filesz);                 \
		}                                                                             \
		return NULL;                                                                  \
	}
LOADER_OF(32)
LOADER_OF(64)

static void inspect_elf(const struct candidate *c, int fd, const char *head)
{
	uint16_t machine;
	memcpy(&machine, head + offsetof(Elf64_Ehdr, e_machine), sizeof machine);

	if (machine != OWN_MACHINE && machine != OWN_MACHINE_32) {
		if (!may_be_emulated(c->root))
			fail_as(NOT_EXECUTABLE,
				"%s%s: exec format error: it is made for another processor (ELF machine %d, here %d);"
				" use an image of this architecture",
				c->why, c->path, machine, OWN_MACHINE);
		return;
	}
	const char *loader = head[EI_CLASS] == ELFCLASS32 ? loader_of_32(fd, head) : loader_of_64(fd, head);
	if (loader)
		inspect_named(c, loader, "loader");
}

/* What it is cannot be read (mode 0111, another's file): execve(2) will say. */
static void inspect_content(const struct candidate *c)
{
	char head[HEAD_SIZE + 1] = { 0 };
	autoclose int fd = try_open_in_root(c->root, c->path, O_RDONLY | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : pread(fd, head, HEAD_SIZE, 0);

	if (n > 2 && !memcmp(head, "#!", 2))
		inspect_script(c, head);
	else if (n >= (ssize_t) sizeof(Elf64_Ehdr) && !memcmp(head, ELFMAG, SELFMAG))
		inspect_elf(c, fd, head);
}

static void inspect(const struct candidate *c)
{
	autoclose int fd = try_open_in_root(c->root, c->path, O_PATH);
	if (fd < 0)
		refuse_missing(c, errno);
	const char *wrong = fault(fd);
	if (wrong)
		fail_as(NOT_EXECUTABLE, "%s%s: permission denied: it %s", c->why, c->path, wrong);
	inspect_content(c);
}

/* As execvp(3): the first that can be run; where there is none, one that is there but cannot be run is the better
 * error. */
static const char *search(int root, const char *path, const char *cwd, const char *name)
{
	const char *there = NULL;

	EACH(dir, split(path, ':')) {
		const char *at = joined(**dir == '/' ? *dir : joined(cwd, *dir), name);
		autoclose int fd = try_open_in_root(root, at, O_PATH);
		if (fd >= 0 && !fault(fd))
			return at;
		if (!there && (fd >= 0 || errno == EACCES))
			there = at;
	}
	if (!there)
		fail_as(NOT_FOUND,
			"exec: \"%s\": executable file not found in $PATH: no such file or directory in any of %s;"
			" give its absolute path, or set PATH in process.env",
			name, path);
	return there;
}

const char *program_find(int root, const char *const *env, const char *cwd, const char *name)
{
	const char *search_path = env_value(env, "PATH");
	struct candidate c = { .root = root, .cwd = cwd, .path = name, .why = "exec: " };

	if (!*name)
		fail_as(NOT_FOUND, "exec: \"\": executable file not found in $PATH: process.args[0] is empty");
	if (!strchr(name, '/')) {
		c.path = search(root, search_path && *search_path ? search_path : USUAL_PATH, cwd, name);
		c.why = fmt("exec: \"%s\": ", name);
	} else if (*name != '/') {
		c.path = joined(cwd, name);
	}
	inspect(&c);
	return c.path;
}
