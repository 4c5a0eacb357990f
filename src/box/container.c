#include "box/container.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "box/contact.h"
#include "box/journal.h"
#include "sys/cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_WAIT_MS 10000
#define ASK_MS       100 /* for a record that is not on disk */

/* clang-format off */
const struct type saved_type = { sizeof(struct saved), FIELDS(
	{ "ociVersion",  STR(saved, version), NEED },
	{ "id",          STR(saved, id), NEED },
	{ "bundle",      STR(saved, bundle), NEED },
	{ "rootfs",      STR(saved, rootfs), NEED },
	{ "created",     STR(saved, created), NEED },
	{ "owner",       STR(saved, owner) },
	{ "cgroup",      STR(saved, cgroup) },
	{ "pid",         NUM(saved, pid), NEED },
	{ "started",     NUM(saved, started), NEED },
	{ "logs",        OBJ(saved, logs, saved_logs) },
	{ "shim",        NUM(saved, shim) }) };
/* clang-format on */

void id_check(const char *id)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
	if (!*id || *id == '.' || id[strspn(id, allowed)] || strlen(id) > 255)
		fail_as(MISUSE,
			"invalid container ID format \"%s\": it may hold letters, digits and any of _ + - . and not "
			"begin with a dot",
			id);
}

int root_open_dir(const char *root)
{
	if (!exists(AT_FDCWD, root)) {
		make_dirs(AT_FDCWD, dir_name(root), 0755);
		if (mkdir(root, 0711) < 0 && errno != EEXIST)
			fail_sys("make the state directory %s", root);
	}
	return open_dir(AT_FDCWD, root);
}

static struct container *read_container(const char *root, const char *id, int dir)
{
	struct container *c = mem(sizeof *c);
	const char *state = try_read_whole(dir, "state.json");
	/* One without the other: it is being deleted right now, which its lock will tell. */
	const char *config = state ? try_read_whole(dir, "config.json") : NULL;

	*c = (struct container){ .id = id, .root = root, .dir = dir };
	if (config) {
		c->saved = json_read(fmt("%s/%s/state.json", root, id), state, &saved_type);
		c->config = config_parse(fmt("%s/%s/config.json", root, id), config);
	}
	const char *cgroup = c->saved ? c->saved->cgroup : journal_read(dir).cgroup;
	if (cgroup && *cgroup)
		c->cgroup = cgroup_plan(cgroup);
	return c;
}

struct container *try_container_open(const char *root, const char *id)
{
	id_check(id);
	int dir = try_open(AT_FDCWD, fmt("%s/%s", root, id), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (dir < 0 && errno != ENOENT)
		fail_sys("state of container %s", id);
	if (dir < 0)
		return NULL;
	struct container *c = read_container(root, id, dir);
	container_attend(c);
	return c;
}

struct container *container_open(const char *root, const char *id)
{
	struct container *c = try_container_open(root, id);
	if (!c && exists(AT_FDCWD, fmt("%s/.jobs/%s", root, id))) /* box/roster.h */
		fail("container \"%s\" does not exist: it is a run, and `bivy list --job %s` names its containers", id,
		     id);
	if (!c)
		fail("container \"%s\" does not exist (state is looked for in %s)", id, root);
	return c;
}

static int by_name(const void *a, const void *b) { return strcmp(*(const char *const *) a, *(const char *const *) b); }

const char **container_ids(const char *root)
{
	const char **ids = NULL;
	DIR *d = opendir(root);
	struct dirent *e;

	if (!d && errno != ENOENT)
		fail_sys("%s", root);
	while (d && (e = readdir(d)))
		if (*e->d_name != '.' && (e->d_type == DT_DIR || e->d_type == DT_UNKNOWN))
			ids = append(ids, text(e->d_name));
	if (d)
		closedir(d);
	if (ids)
		qsort(ids, count(ids), sizeof *ids, by_name);
	return ids;
}

bool container_stands(const struct container *c)
{
	struct stat st;
	return !fstat(c->dir, &st) && st.st_nlink;
}

bool try_container_lock(const struct container *c) { return !flock(c->dir, LOCK_EX | LOCK_NB); }

void container_lock(struct container *c)
{
	for (int waited = 0; !try_container_lock(c); waited += 5) {
		if (errno != EWOULDBLOCK)
			fail_sys("lock container %s", c->id);
		if (waited >= LOCK_WAIT_MS)
			fail("container \"%s\" is being worked on by another command; try again", c->id);
		nanosleep(&(struct timespec){ 0, 5000000 }, NULL);
	}
	/* Who had it may have deleted it meanwhile: then this directory is nobody's. */
	if (!container_stands(c))
		fail("container \"%s\" does not exist", c->id);
	/* Both documents are written once, so what has been read is as it was. */
	if (!c->saved)
		*c = *read_container(c->root, c->id, c->dir);
}

void container_unlock(const struct container *c) { flock(c->dir, LOCK_UN); }

int try_container_pidfd(const struct container *c)
{
	if (c->saved)
		return try_proc_open(c->saved->pid, c->saved->started);
	struct journal j = journal_read(c->dir);
	errno = ESRCH;
	return j.init ? try_proc_open(j.init, j.started) : -1;
}

/* On disk, or, where that is full or read-only, in the memory of its shim: that is asked only about one that is gone.
 */
struct exit_record *container_exit(const struct container *c)
{
	struct exit_record *r = record_read(c->dir);
	if (r || !c->saved || !c->saved->shim || proc_started(c->saved->pid) == c->saved->started)
		return r;
	return record_wait(c->dir, ASK_MS);
}

/* While a shim is at it the process counts as alive until its record stands: nobody sees the one without the other. */
static bool has_ended(const struct container *c)
{
	if (exists(c->dir, "exit.json"))
		return true;
	if (proc_started(c->saved->pid) == c->saved->started)
		return false;
	return !c->saved->shim || container_exit(c) || !contact_there(c->dir);
}

enum status container_status(const struct container *c)
{
	if (!c->saved)
		return CREATING;
	if (has_ended(c))
		return STOPPED;
	if (c->cgroup && cgroup_frozen(c->cgroup))
		return PAUSED;
	return exists(c->dir, "start") ? CREATED : RUNNING;
}

static struct exit_shown *shown(const struct exit_record *r)
{
	if (!r)
		return NULL;
	struct exit_shown *s = mem(sizeof *s);
	*s = (struct exit_shown){ .code = r->code,
				  .core = r->core,
				  .oom = r->oom,
				  .unknown = r->unknown,
				  .oom_limit = r->oom_limit,
				  .memory_peak = r->memory_peak,
				  .user_usec = r->user_usec,
				  .system_usec = r->system_usec,
				  .dropped_out = r->dropped_out,
				  .dropped_err = r->dropped_err,
				  .started = r->started,
				  .finished = r->finished };
	if (r->signal) {
		s->signal = mem(sizeof *s->signal);
		*s->signal = r->signal;
	}
	return s;
}

struct oci_state *container_state(const struct container *c)
{
	struct oci_state *s = mem(sizeof *s);
	const struct saved *v = c->saved;

	*s = (struct oci_state){ .version = SPEC_VERSION, .id = c->id, .status = container_status(c), .bundle = "" };
	if (!v) {
		const char *bundle = journal_read(c->dir).bundle;
		s->bundle = bundle ? bundle : "";
		return s;
	}
	s->pid = s->status == STOPPED ? 0 : v->pid;
	s->bundle = v->bundle;
	s->rootfs = v->rootfs;
	s->created = v->created;
	s->owner = v->owner;
	s->annotations = c->config->annotations;
	s->exit = shown(container_exit(c));
	return s;
}

const char *state_line(const struct config *c, const char *id, const char *bundle, enum status status, pid_t pid)
{
	struct oci_state s = { .version = SPEC_VERSION, .id = id, .status = status, .pid = pid, .bundle = bundle };
	s.annotations = c->annotations;
	return json_text(&s, &oci_state_type, false);
}

const char *time_now(void)
{
	struct timespec now;
	struct tm t;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &t);
	/* Not by strftime(3), which reads the machine's time zone first. */
	return fmt("%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
		   t.tm_min, t.tm_sec, now.tv_nsec);
}
