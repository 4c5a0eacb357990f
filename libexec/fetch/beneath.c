#include "beneath.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Who removes a tree holds a descriptor for each level. */
enum { DEEPEST = 200 };

/* Its parts; "." and what is between two slashes are none. */
static const char **parts_of(const char *name)
{
	const char **parts = split(name, '/'), **end = parts;
	EACH(part, parts)
		if (**part && !same(*part, "."))
			*end++ = *part;
	*end = NULL;
	return *parts ? parts : NULL;
}

const char *beneath_name(const char *said, const char *subdirectory)
{
	/* Before anything is made of its parts, of which there may be a million. */
	if (strlen(said) >= PATH_MAX)
		fail("its archive has a name of %zu characters, longer than any path can be", strlen(said));
	if (*said == '/')
		fail("its archive has a file with the absolute name %s; nothing of it was kept", said);
	const char **parts = parts_of(said);
	if (count(parts) > DEEPEST)
		fail("its archive has a file %zu directories deep; bivy unpacks %d", count(parts), DEEPEST);
	if (contains_word(parts, ".."))
		fail("its archive has a file called %s, which would be outside; nothing of it was kept", said);
	EACH(wanted, parts_of(subdirectory ? subdirectory : "")) {
		if (!parts || !same(*parts, *wanted))
			return NULL;
		parts++;
	}
	return parts ? join(parts, "/") : "";
}

bool beneath_link(const char *name, const char *target)
{
	if (*target == '/' || !*target || strlen(target) >= PATH_MAX)
		return false;
	const char **parts = parts_of(target);
	size_t depth = count(parts_of(name)) - 1;
	for (; parts && same(*parts, ".."); parts++)
		if (!depth--)
			return false;
	return !contains_word(parts, "..");
}

static int try_step(int dir, const char *name)
{
	struct open_how how = { .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV };
	return (int) syscall(SYS_openat2, dir, name, &how, sizeof how);
}

int beneath_open(int dir, const char *name, void (*made)(void *), void *context)
{
	int at = *name ? try_step(dir, name) : fd_copy_from(dir, 3);

	if (at >= 0)
		return at;
	at = fd_copy_from(dir, 3);
	EACH(part, split(name, '/')) {
		int next = try_step(at, *part);
		if (next < 0 && errno == ENOENT && made && !mkdirat(at, *part, 0755)) {
			made(context);
			next = try_step(at, *part);
		}
		if (next < 0 && (errno == ELOOP || errno == ENOTDIR))
			fail("its archive has a file below %s, which is no directory of it but a link or a file", name);
		if (next < 0)
			fail_sys("directory %s of its archive", name);
		fd_close(&at);
		at = next;
	}
	return at;
}
