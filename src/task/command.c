#include "task/command.h"

#include "base/executable.h"
#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/library.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
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

static int look_inside(const struct looker *l, const char *path, int flags)
{
	(void) flags;
	return try_chroot_open(l->context, path);
}

static const char *advice_for(const struct looker *l, const char *what)
{
	bool lacks = l->context && strstr(what, l->where);
	return lacks ? "; name a directory of the host that has it in client.chroot_env of the agent file" : "";
}

/* Found is not yet fit: its interpreter, its loader and its libraries have to be in the same root.  An error where the
 * kernel would refuse it, a warning where only its loader would.  Who may not read everything is not told what would
 * be a guess. */
static void check_fit(const struct looker *l, const char *path, const struct sought *s)
{
	const struct defect *d = s->may_come ? NULL : executable_defect(l, "/", path, false);
	const char **missing = d || s->may_come ? NULL : libraries_missing(l, path, s->library_path);

	if (d && (d->kind == NOT_FOUND || !geteuid()))
		hcl_fail_as(d->kind, s->at, "%s%s", d->what, advice_for(l, d->what));
	if (missing)
		warn("%s: %s: %s %s not in %s%s", hcl_place(s->at), path, join(missing, ", "),
		     missing[1] ? "are" : "is", l->where, advice_for(l, l->where));
}

const char *command_inside(const struct chroot *c, const struct sought *s)
{
	const char **paths = candidates(s->command), *link = NULL, *end = NULL;
	const struct looker look = { .try_open = look_inside, .context = c, .where = "the task's root" };
	struct way way;

	EACH(p, paths) {
		if (chroot_has(c, *p, S_IFREG, &way)) {
			check_fit(&look, *p, s);
			return *p;
		}
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

static const char *host_path(const char *task_dir, const char *path, const char *command)
{
	const char *local = task_dir ? fmt("%s/local%s", task_dir, clean_path(command)) : NULL;
	const char *root = task_dir ? fmt("%s%s", task_dir, clean_path(command)) : NULL;

	if (local && is_file(local))
		return local;
	if (root && is_file(root))
		return root;
	if (*command == '/' && is_file(command))
		return clean_path(command);
	return strchr(command, '/') ? NULL : in_path(path, command);
}

const char *command_on_host(const char *task_dir, const char *path, const struct sought *s)
{
	const char *found = host_path(task_dir, path, s->command), *blank = strchr(s->command, ' ');
	autoclose int root = open_dir(AT_FDCWD, "/");
	const struct looker look = { .try_open = look_below, .root = root, .where = "this host" };

	if (found)
		check_fit(&look, found, s);
	if (found || s->may_come)
		return found;
	hcl_fail_as(NOT_FOUND, s->at, "file %s not found in the task directory, its local/%s; %s", s->command,
		    strchr(s->command, '/') ? ", or on this host" : fmt(", or in the PATH %s", path),
		    blank ? "put what follows the first blank into args"
			  : "give the absolute path of a file that exists");
}
