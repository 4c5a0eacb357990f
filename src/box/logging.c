#include "box/logging.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "box/box.h"
#include "box/steps.h"
#include "sys/idmap.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LONGEST_NAME 200 /* of a file's 255: the rest is for the stream and its number */

/* clang-format off */
const struct type saved_logs_type = { sizeof(struct saved_logs), FIELDS(
	{ "dir",	STR(saved_logs, dir), NEED },
	{ "name",	STR(saved_logs, name), NEED },
	{ "format",	STR(saved_logs, format), NEED },
	{ "files",	NUM(saved_logs, files), NEED },
	{ "size",	NUM(saved_logs, size), NEED }) };
/* clang-format on */

static void check(const struct box *b, const struct log_wishes *w)
{
	if (b->process && b->process->terminal)
		fail_as(MISUSE, "captured output and process.terminal exclude each other: a terminal has one reader");
	if (w->disabled)
		return;
	if (b->wishes->pid_file || b->wishes->no_shim)
		fail_as(MISUSE, "--logs needs the shim, which --pid-file and --shim=no leave out");
	if (strchr(w->name, '/') || strlen(w->name) > LONGEST_NAME)
		fail("\"%s\" cannot be the name of a log file: at most %d bytes, without a slash", w->name,
		     LONGEST_NAME);
}

/* Of the program's user, so that it can open /dev/stderr, which leads here.  Who is not root has no other ids to give
 * away, or cannot. */
static void give(const struct box *b, const char *fifo)
{
	uid_t uid = b->process && b->process->user ? b->process->user->uid : 0;

	if (has_user_namespace(b)) {
		if (!id_is_mapped(b->config->linux_part->uid_mappings, uid))
			return;
		uid = id_outside(b->config->linux_part->uid_mappings, uid);
	}
	if (fchownat(b->dir, fifo, uid, (gid_t) -1, AT_SYMLINK_NOFOLLOW) < 0 && errno != EPERM)
		fail_sys("owner of the FIFO %s", fifo);
}

/* Twice: what does not wait for the shim does wait for the program. */
static void open_fifo(const struct box *b, const char *name, int *program, int *shim)
{
	if (mkfifoat(b->dir, name, 0600) < 0)
		fail_sys("FIFO %s", name);
	give(b, name);
	*program = try_open(b->dir, name, O_RDWR);
	*shim = try_open(b->dir, name, O_RDWR | O_NONBLOCK);
	if (*program < 0 || *shim < 0)
		fail_sys("FIFO %s", name);
}

/* libexec/shim/capture.h, struct progress: nothing done, the log as it is found, nothing dropped. */
static void make_progress(int state_dir)
{
	const uint64_t none[5] = { 0, 0, UINT64_MAX, 0, 0 };
	autoclose int fd = try_open(state_dir, "logs.progress", O_WRONLY | O_CREAT | O_EXCL);

	if (fd < 0 || fchmod(fd, 0600) < 0)
		fail_sys("logs.progress");
	write_all(fd, (const char *) none, sizeof none, "logs.progress");
}

uint64_t logs_recorded(int progress)
{
	uint64_t size;
	return pread(progress, &size, sizeof size, 2 * sizeof size) == sizeof size ? size : UINT64_MAX;
}

static const char *argument(const char *format, int64_t files, int64_t size, const char *name)
{
	return fmt("%s:%lld:%lld:%s", format, (long long) files, (long long) size, name);
}

static void discard(struct box *b)
{
	b->out = try_open(AT_FDCWD, "/dev/null", O_WRONLY);
	b->err = try_open(AT_FDCWD, "/dev/null", O_WRONLY);
	if (b->out < 0 || b->err < 0)
		fail_sys("/dev/null");
}

void logs_open(struct box *b)
{
	const struct log_wishes *w = b->wishes->logs;

	check(b, w);
	if (w->disabled) {
		discard(b);
		return;
	}
	b->log_dir = open_dir(AT_FDCWD, w->dir);
	make_progress(b->dir);
	open_fifo(b, "stdout", &b->out, &b->out_read);
	open_fifo(b, "stderr", &b->err, &b->err_read);
	b->shim_logs = argument(w->format, w->files, w->size, w->name);
}

/* Runs in INIT.  Whoever has its streams captured reads nothing from the caller either. */
void logs_take(struct box *b)
{
	autoclose int none = try_open(AT_FDCWD, "/dev/null", O_RDONLY);
	if (dup2(none, 0) < 0 || dup2(b->out, 1) < 0 || dup2(b->err, 2) < 0)
		fail_sys("streams");
	fd_close(&b->out);
	fd_close(&b->err);
}

struct saved_logs *logs_saved(const struct box *b)
{
	const struct log_wishes *w = b->wishes->logs;
	if (!w || w->disabled)
		return NULL;
	struct saved_logs *s = mem(sizeof *s);
	*s = (struct saved_logs){ absolute(w->dir), w->name, w->format, w->files, w->size };
	return s;
}

const char *logs_reopen(const struct saved_logs *l, int state_dir, int *dir, int *out, int *err)
{
	*dir = *out = *err = -1;
	if (!l)
		return "-";
	*dir = try_open(AT_FDCWD, l->dir, O_RDONLY | O_DIRECTORY);
	if (*dir < 0)
		*dir = try_open(AT_FDCWD, "/dev/null", O_RDONLY); /* no directory, and open all the same */
	*out = try_open(state_dir, "stdout", O_RDWR | O_NONBLOCK);
	*err = try_open(state_dir, "stderr", O_RDWR | O_NONBLOCK);
	if (*dir < 0 || *out < 0 || *err < 0) {
		warn("the output of %s is no longer captured: %m", l->name);
		fd_close(dir);
		fd_close(out);
		fd_close(err);
		return "-";
	}
	return argument(l->format, l->files, l->size, l->name);
}
