/* A program's file, whoever made it: what its headers say, what execve(2) would refuse in it, and the libraries that it
 * asks for, in a root where every path leads to the file itself. */
#include "base/executable.h"
#include "base/fd.h"
#include "base/library.h"
#include "fuzz.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int the_file(const struct looker *l, const char *path, int flags)
{
	(void) path;
	(void) flags;
	return fcntl(l->root, F_DUPFD_CLOEXEC, 3);
}

static int nothing_but_program(const struct looker *l, const char *path, int flags)
{
	errno = ENOENT;
	return strcmp(path, "/program") ? -1 : the_file(l, path, flags);
}

/* One line, which begins with the file that was asked for. */
static void check(const struct defect *d)
{
	if (d && (strchr(d->what, '\n') || strncmp(d->what, "/program: ", 10) != 0))
		__builtin_trap();
}

static void look(struct looker *l)
{
	check(executable_defect(l, "/", "/program", false));
	check(executable_defect(l, "/", "/program", true));
	libraries_missing(l, "/program", "/lib:$ORIGIN:relative");
}

/* Bytes, not a text: a NUL does not end them. */
static struct {
	const uint8_t *at;
	size_t size;
} program;

static void look_at_program(const char *unused)
{
	autoclose int fd = memfd_create("program", MFD_CLOEXEC);
	struct looker l = { .try_open = the_file, .root = fd, .where = "the root" };

	(void) unused;
	if (fd < 0 || fchmod(fd, 0755) || write(fd, program.at, program.size) != (ssize_t) program.size)
		__builtin_trap();
	look(&l);
	l.try_open = nothing_but_program;
	look(&l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	program.at = data;
	program.size = size;
	return run((const uint8_t *) "", 0, look_at_program);
}
