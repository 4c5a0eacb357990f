#include "base/executable.h"

#include "base/elf.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define HEAD_SIZE 256 /* what execve(2) looks at for a #! line */
#define DEEPEST   5   /* interpreters of interpreters, as in the kernel */

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
	const struct looker *look;
	const char *cwd, *path, *why;
	int depth;
	bool refused;
};

/* clang-format off */
static const struct { int machine; const char *name; } machines[] = {
	{ EM_386,     "32-bit x86" },		{ EM_X86_64, "x86-64" },	{ EM_ARM,   "32-bit ARM" },
	{ EM_AARCH64, "64-bit ARM" },		{ EM_RISCV,  "RISC-V" },	{ EM_PPC64, "64-bit POWER" },
	{ EM_S390,    "s390x" },		{ EM_MIPS,   "MIPS" },		{ 258,       "LoongArch" },
	{ EM_PPC,     "32-bit POWER" },		{ EM_SPARCV9, "SPARC" },	{ EM_BPF,   "BPF" },
};

/* Whose libc a loader belongs to: that it is missing mostly means that the image has another one. */
static const struct { const char *in, *advice; } loaders[] = {
	{ "/ld-musl-",  "it is linked with musl libc; link it statically, or use a root filesystem with musl, as Alpine's" },
	{ "/ld-linux",  "it is linked with glibc; link it statically, or use a root filesystem with glibc, as Debian's" },
	{ "/ld64.so",   "it is linked with glibc; link it statically, or use a root filesystem with glibc, as Debian's" },
	{ "/linker64",  "it is linked for Android" },
	{ "/nix/store", "it comes from Nix, whose store is not here" },
};
/* clang-format on */

int look_below(const struct looker *l, const char *path, int flags) { return try_open_in_root(l->root, path, flags); }

/* Not cleaned: `..` after a link is the kernel's to resolve. */
static const char *joined(const char *dir, const char *name)
{
	return fmt(ends_with(dir, "/") ? "%s%s" : "%s/%s", dir, name);
}

/* A file may name an interpreter with any bytes in it. */
static const struct defect *defect(const struct candidate *c, enum kind kind, const char *what)
{
	struct defect *d = mem(sizeof *d);
	char *line = fmt("%s%s: %s", c->why, c->path, what);

	for (char *at = line; *at; at++)
		if ((unsigned char) *at < ' ' || *at == 0x7f)
			*at = ' ';
	*d = (struct defect){ kind, line };
	return d;
}

const char *executable_fault(int fd)
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
static const char *dangling(const struct looker *l, const char *path)
{
	char target[512];
	autoclose int fd = l->try_open(l, path, O_PATH | O_NOFOLLOW);
	ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof target - 1);

	if (n < 0)
		return "";
	return fmt(" (it is a symbolic link to %s, which is missing)", text_n(target, (size_t) n));
}

static const char *loader_advice(const char *path)
{
	for (size_t i = 0; i < sizeof loaders / sizeof *loaders; i++)
		if (strstr(path, loaders[i].in))
			return fmt(" (%s)", loaders[i].advice);
	return "";
}

static const struct defect *missing(const struct candidate *c, int error)
{
	switch (error) {
	case ENOENT:
		return defect(c, NOT_FOUND,
			      fmt("no such file or directory in %s%s%s", c->look->where, dangling(c->look, c->path),
				  c->depth ? loader_advice(c->path) : ""));
	case ENOTDIR: return defect(c, NOT_FOUND, "no such file or directory: a part of its path is not a directory");
	case EACCES:
		return defect(c, NOT_EXECUTABLE,
			      "permission denied on the way to it (search permission, x, on its directories)");
	case ELOOP:
		return defect(c, NOT_EXECUTABLE, "its symbolic links go in a circle, or through a process of /proc");
	default: return defect(c, NOT_EXECUTABLE, strerror(error));
	}
}

static const struct defect *inspect(const struct candidate *);

/* What another file names as its interpreter or its loader. */
static const struct defect *inspect_named(const struct candidate *by, const char *path, const char *what)
{
	if (by->depth == DEEPEST)
		return defect(by, NOT_EXECUTABLE, fmt("more than %d interpreters of interpreters", DEEPEST));
	return inspect(&(struct candidate){
		.look = by->look,
		.cwd = by->cwd,
		.path = *path == '/' ? path : joined(by->cwd, path),
		.why = fmt("%s%s: its %s ", by->why, by->path, what),
		.depth = by->depth + 1,
		.refused = by->refused,
	});
}

static const struct defect *inspect_script(const struct candidate *c, const char *head)
{
	const char *from = head + 2 + strspn(head + 2, " \t");
	const char *path = text_n(from, strcspn(from, " \t\n"));

	if (!*path)
		return defect(c, NOT_EXECUTABLE, "its first line is \"#!\" without an interpreter");
	if (ends_with(path, "\r"))
		return defect(c, NOT_FOUND,
			      fmt("its interpreter %s: no such file or directory: its lines end as in DOS (dos2unix "
				  "it)",
				  trim(path)));
	if (!strpbrk(from, " \t\n") && strlen(head) >= HEAD_SIZE)
		return defect(c, NOT_EXECUTABLE,
			      fmt("exec format error: the first line is longer than the %d bytes that the kernel reads",
				  HEAD_SIZE));
	return inspect_named(c, path, "interpreter");
}

/* binfmt_misc may have an emulator for it, which cannot be seen from in here: a program of another processor is refused
 * only where the kernel has no binfmt_misc at all.  Without procfs: nothing is known, so it may. */
static bool may_be_emulated(const struct candidate *c)
{
	autoclose int fd = c->refused ? -1 : c->look->try_open(c->look, "/proc/filesystems", O_RDONLY | O_NONBLOCK);
	char known[8192];
	ssize_t n = fd < 0 ? -1 : read(fd, known, sizeof known - 1);

	if (n <= 0)
		return !c->refused;
	known[n] = 0;
	return strstr(known, "binfmt_misc");
}

static const char *machine_name(int machine)
{
	for (size_t i = 0; i < sizeof machines / sizeof *machines; i++)
		if (machines[i].machine == machine)
			return machines[i].name;
	return fmt("ELF machine %d", machine);
}

static const struct defect *inspect_elf(const struct candidate *c, int fd)
{
	struct elf e;
	bool good = try_elf_read(fd, false, &e);
	bool ours = !e.foreign && (e.machine == OWN_MACHINE || e.machine == OWN_MACHINE_32);

	if (e.machine && !ours && !may_be_emulated(c))
		return defect(c, NOT_EXECUTABLE,
			      fmt("exec format error: it is made for another processor (%s; this machine is %s); use "
				  "an image of this architecture",
				  machine_name(e.machine), machine_name(OWN_MACHINE)));
	if (ours && good && e.loader)
		return inspect_named(c, e.loader, "loader");
	if (c->refused && ours && e.machine != OWN_MACHINE)
		return defect(c, NOT_EXECUTABLE,
			      "exec format error: it is a 32-bit program, which this kernel may not "
			      "run (CONFIG_IA32_EMULATION or CONFIG_COMPAT)");
	return c->refused && !good ? defect(c, NOT_EXECUTABLE, "exec format error: its ELF header is damaged") : NULL;
}

/* Neither script nor ELF: binfmt_misc might know what to do with it, until the kernel has refused. */
static const struct defect *inspect_other(const struct candidate *c, const char *head, ssize_t n)
{
	if (!c->refused)
		return NULL;
	if (!n)
		return defect(c, NOT_EXECUTABLE, "exec format error: it is empty");
	if (n > 5 && !memcmp(head, "\xef\xbb\xbf#!", 5))
		return defect(c, NOT_EXECUTABLE,
			      "exec format error: a byte order mark stands before its \"#!\"; remove it");
	for (ssize_t i = 0; i < n; i++)
		if ((unsigned char) head[i] < ' ' && !strchr("\t\n\r\f", head[i]))
			return defect(c, NOT_EXECUTABLE,
				      "exec format error: it is neither an ELF program nor a script");
	return defect(c, NOT_EXECUTABLE,
		      "exec format error: it is a text without \"#!\" and an interpreter in its first "
		      "line");
}

/* What it is cannot be read (mode 0111, another's file): execve(2) will say. */
static const struct defect *inspect_content(const struct candidate *c)
{
	char head[HEAD_SIZE + 1] = { 0 };
	autoclose int fd = c->look->try_open(c->look, c->path, O_RDONLY | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : pread(fd, head, HEAD_SIZE, 0);

	if (n < 0)
		return NULL;
	if (n >= 2 && !memcmp(head, "#!", 2))
		return inspect_script(c, head);
	if (n >= SELFMAG && !memcmp(head, ELFMAG, SELFMAG))
		return inspect_elf(c, fd);
	return inspect_other(c, head, n);
}

static const struct defect *inspect(const struct candidate *c)
{
	autoclose int fd = c->look->try_open(c->look, c->path, O_PATH);
	if (fd < 0)
		return missing(c, errno);
	const char *wrong = executable_fault(fd);
	if (wrong)
		return defect(c, NOT_EXECUTABLE, fmt("permission denied: it %s", wrong));
	return inspect_content(c);
}

const struct defect *executable_defect(const struct looker *l, const char *cwd, const char *path, bool refused)
{
	return inspect(&(struct candidate){
		.look = l,
		.cwd = cwd,
		.path = *path == '/' ? path : joined(cwd, path),
		.why = "",
		.refused = refused,
	});
}
