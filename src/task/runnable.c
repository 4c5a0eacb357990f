#include "task/runnable.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUNNABLE 0555

/* Where it is looked for first, and second: below local/, and below the directory itself.  A command may also be the
 * whole path of such a file. */
static const char **places(const char *task_dir, const char *command)
{
	size_t n = strlen(task_dir);
	bool whole = n > 1 && starts_with(command, task_dir) && command[n] == '/';
	const char *below = clean_path(whole ? command + n : command);

	return append(append(NULL, fmt("local%s", below)), below + 1);
}

const char *runnable_planned(struct placed *const *files, const char *task_dir, const char *command)
{
	EACH(p, places(task_dir, command))
		EACH(f, files)
			if (!(*f)->shared && same((*f)->path, *p)) {
				(*f)->mode |= RUNNABLE;
				return *p;
			}
	return NULL;
}

/* The task directory on the disk holds nothing of the host's, which is mounted there for the task alone; but somebody
 * may have put a link to a file of the host's there, and its mode is not ours. */
static bool make_file(int task, const char *path)
{
	autoclose int fd = try_open_in_root(task, path, O_PATH);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return false;
	if (st.st_nlink > 1 || (st.st_mode & RUNNABLE) == RUNNABLE)
		return true;
	if (chmod(fmt("/proc/self/fd/%d", fd), (st.st_mode & 07777) | RUNNABLE) < 0)
		warn("%s cannot be made executable: %m", path);
	return true;
}

void runnable_make(const char *task_dir, const char *command)
{
	autoclose int task = try_open(AT_FDCWD, task_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (task < 0)
		return;
	EACH(p, places(task_dir, command))
		if (make_file(task, *p))
			return;
}
