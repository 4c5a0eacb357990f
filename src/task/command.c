#include "task/command.h"

#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const bins[] = { "usr/local/bin", "usr/bin", "bin", NULL };

static const char **candidates(const char *command)
{
	const char **paths = append(NULL, clean_path(fmt("/local/%s", command)));
	paths = append(paths, clean_path(command));
	EACH(b, bins)
		if (!strchr(command, '/'))
			paths = append(paths, clean_path(fmt("/%s/%s", *b, command)));
	return paths;
}

/* What most likely is the matter, as the end of the message. */
static const char *advice(const struct chroot *c, const char *command, const char *link, const char *end)
{
	struct stat st;
	const char *blank = strchr(command, ' ');

	if (link)
		return fmt("%s is a link that leads to %s, which is not in the task's root", link, end);
	if (blank)
		return fmt("put what follows \"%.*s\" into args", (int) (blank - command), command);
	if (*command == '/' && !stat(command, &st) && !chroot_holds(c, command))
		return fmt("it is on this host, but not in the task's root; add \"%s\" = \"%s\" to client.chroot_env "
			   "in the agent file",
			   dir_name(command), dir_name(command));
	return "put it into local/ of the task directory, or name a directory that has it in client.chroot_env of the "
	       "agent file";
}

const char *command_inside(const struct chroot *c, const struct sought *s)
{
	const char **paths = candidates(s->command), *link = NULL, *end = NULL;
	struct way way;

	EACH(p, paths) {
		if (chroot_has(c, *p, S_IFREG, &way))
			return *p;
		if (!link && way.linked) {
			link = *p;
			end = way.stop;
		}
	}
	if (s->may_come)
		return NULL;
	hcl_fail_as(NOT_FOUND, s->at, "file %s not found under path of the task; looked for %s: %s", s->command,
		    join(paths, ", "), advice(c, s->command, link, end));
}

static bool is_file(const char *path)
{
	struct stat st;
	return !stat(path, &st) && S_ISREG(st.st_mode);
}

static const char *in_path(const char *path, const char *command)
{
	EACH(dir, split(path, ':')) {
		const char *found = fmt("%s/%s", *dir, command);
		if (**dir == '/' && is_file(found) && !access(found, X_OK))
			return clean_path(found);
	}
	return NULL;
}

const char *command_on_host(const char *task_dir, const char *path, const struct sought *s)
{
	const char *local = task_dir ? fmt("%s/local%s", task_dir, clean_path(s->command)) : NULL;
	const char *root = task_dir ? fmt("%s%s", task_dir, clean_path(s->command)) : NULL;

	if (local && is_file(local))
		return local;
	if (root && is_file(root))
		return root;
	if (*s->command == '/' && is_file(s->command))
		return clean_path(s->command);
	const char *found = strchr(s->command, '/') ? NULL : in_path(path, s->command);
	if (found || s->may_come)
		return found;
	const char *blank = strchr(s->command, ' ');
	hcl_fail(s->at, "file %s not found in the task directory, its local/%s; %s", s->command,
		 strchr(s->command, '/') ? ", or on this host" : fmt(", or in the PATH %s", path),
		 blank ? "put what follows the first blank into args" : "give the absolute path of a file that exists");
}
