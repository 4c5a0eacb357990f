#include "sys/program.h"

#include "base/executable.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "oci/config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define USUAL_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

/* Not cleaned: `..` after a link is the kernel's to resolve. */
static const char *joined(const char *dir, const char *name)
{
	return fmt(ends_with(dir, "/") ? "%s%s" : "%s/%s", dir, name);
}

/* As execvp(3): the first that can be run; where there is none, one that is there but cannot be run is the better
 * error. */
static const char *search(int root, const char *path, const char *cwd, const char *name)
{
	const char *there = NULL;

	EACH(dir, split(path, ':')) {
		const char *at = joined(**dir == '/' ? *dir : joined(cwd, *dir), name);
		autoclose int fd = try_open_in_root(root, at, O_PATH);
		if (fd >= 0 && !executable_fault(fd))
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
	const char *search_path = env_value(env, "PATH"), *path = name, *why = "exec: ";
	struct looker l = { .try_open = look_below, .root = root, .where = "the container's root filesystem" };

	if (!*name)
		fail_as(NOT_FOUND, "exec: \"\": executable file not found in $PATH: process.args[0] is empty");
	if (!strchr(name, '/')) {
		path = search(root, search_path && *search_path ? search_path : USUAL_PATH, cwd, name);
		why = fmt("exec: \"%s\": ", name);
	} else if (*name != '/') {
		path = joined(cwd, name);
	}
	const struct defect *d = executable_defect(&l, cwd, path, false);
	if (d)
		fail_as(d->kind, "%s%s", why, d->what);
	return path;
}
