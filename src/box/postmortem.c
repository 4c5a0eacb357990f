#include "box/postmortem.h"

#include "base/executable.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/stat.h>

/* The container may change what stands at a path between two looks: what is opened for reading is the regular file that
 * was looked at, never a device that took its place. */
static int look_twice(const struct looker *l, const char *path, int flags)
{
	autoclose int fd = try_open_in_root(l->root, path, O_PATH | (flags & O_NOFOLLOW));
	struct stat st;

	if (fd < 0 || flags & O_PATH)
		return fd_take(&fd);
	errno = EACCES;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return -1;
	return try_open(AT_FDCWD, fmt("/proc/self/fd/%d", fd), flags);
}

struct refusal {
	const struct config *config;
	const struct process *process;
	struct looker look;
	const char *path;
	int error;
};

/* As engines look for it: "permission denied", "no such file or directory". */
static const char *reason(int error)
{
	char *words = text(strerror(error));
	*words = (char) tolower((unsigned char) *words);
	return words;
}

static bool in_group(const struct user *u, gid_t gid)
{
	EACH(g, u->groups)
		if (**g == gid)
			return true;
	return u->gid == gid;
}

/* By the mode alone: what an ACL or a capability says besides is not seen. */
static bool has_x(const struct user *u, const struct stat *st)
{
	if (!u->uid)
		return S_ISDIR(st->st_mode) || st->st_mode & 0111;
	return st->st_mode & (st->st_uid == u->uid ? 0100U : in_group(u, st->st_gid) ? 0010U : 0001U);
}

/* Of the path's directories and the file itself, the first that the user may not pass; NULL: by their modes it may. */
static const char *barrier(const struct refusal *r)
{
	const struct user *u = r->process->user;
	struct text so_far = { 0 };
	struct stat st;

	EACH(part, split(r->path + 1, '/')) {
		text_printf(&so_far, "/%s", *part);
		autoclose int fd = r->look.try_open(&r->look, so_far.at, O_PATH);
		if (fd < 0 || fstat(fd, &st) < 0)
			return NULL;
		if (!has_x(u, &st))
			return fmt("user %u may not %s %s (mode %04o, owner %u:%u)", u->uid,
				   S_ISDIR(st.st_mode) ? "search" : "execute", so_far.at, st.st_mode & 07777, st.st_uid,
				   st.st_gid);
	}
	return NULL;
}

static const char *denied(const struct refusal *r)
{
	/* In a user namespace the owners that are seen from here are other numbers than the user's. */
	bool comparable = r->process->user && !config_namespace(r->config, CLONE_NEWUSER);
	const char *at = comparable ? barrier(r) : NULL;
	return at ? at : "no x permission for this user, or a security module forbids it";
}

static size_t longest(const char *const *list, size_t *sum)
{
	size_t most = 0;
	EACH(s, list) {
		size_t n = strlen(*s) + 1;
		most = n > most ? n : most;
		*sum += n;
	}
	return most;
}

static const char *too_long(const struct refusal *r)
{
	size_t sum = 0, args = longest(r->process->args, &sum), env = longest(r->process->env, &sum);
	return fmt("process.args and process.env have %zu bytes together, and the longest string has %zu; the kernel "
		   "takes 131072 for one string, and for all a quarter of RLIMIT_STACK, 6 MiB at most",
		   sum, args > env ? args : env);
}

static const char *cause(const struct refusal *r)
{
	switch (r->error) {
	case EACCES: return denied(r);
	case E2BIG: return too_long(r);
	case ETXTBSY: return "somebody has it open for writing";
	case EAGAIN: return "the user has more processes than its RLIMIT_NPROC";
	case EPERM: return "noNewPrivileges, a nosuid mount with file capabilities, or a security module forbids it";
	default: return NULL;
	}
}

static const char *explained(const struct refusal *r)
{
	const struct defect *d = executable_defect(&r->look, r->process->cwd, r->path, r->error == ENOEXEC);
	const char *why = d ? NULL : cause(r);

	if (d)
		return fmt("exec: %s", d->what);
	return fmt("exec: %s: %s%s%s", r->path, reason(r->error), why ? ": " : "", why ? why : "");
}

/* Behind the text and its NUL: the error as a byte, and the path with its NUL. */
static const char *refused_path(const char *text, const char *end, int *error)
{
	const char *tail = memchr(text, 0, (size_t) (end - text));
	if (!tail || end - tail < 4 || tail[2] != '/' || end[-1])
		return NULL;
	*error = (unsigned char) tail[1];
	return tail + 2;
}

const char *postmortem(const struct config *c, const struct process *p, pid_t pid, const char *said, long length)
{
	autoclose int root = try_open(AT_FDCWD, fmt("/proc/%d/root", pid), O_PATH | O_DIRECTORY);
	struct refusal r = {
		.config = c,
		.process = p,
		.look = { .try_open = look_twice, .root = root, .where = "the container's root filesystem" },
		.path = length > 2 ? refused_path(said + 2, said + length, &r.error) : NULL,
	};
	return root >= 0 && p && r.path ? explained(&r) : said + 2;
}
