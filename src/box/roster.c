#include "box/roster.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "box/container.h"
#include "box/life.h"
#include "json/field.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define JOBS          ".jobs"
#define RECORD        "job.json"
#define SUPERVISOR    "supervisor"
#define TOLD          "told"
#define LOOK_AGAIN_MS 5

struct attending {
	pid_t pid;
	uint64_t started;
};

/* clang-format off */
TYPE(restart_rule,
	{ "attempts",      NUM(restart_rule, attempts), NEED },
	{ "interval",      NUM(restart_rule, interval_ms), NEED },
	{ "delay",         NUM(restart_rule, delay_ms), NEED },
	{ "thenWaits",     BOOL(restart_rule, then_waits) });

TYPE(entry,
	{ "id",            STR(entry, id), NEED },
	{ "label",         STR(entry, label), NEED },
	{ "bundle",        STR(entry, bundle), NEED },
	{ "alloc",         STR(entry, alloc), NEED },
	{ "group",         STR(entry, group), NEED },
	{ "task",          STR(entry, task), NEED },
	{ "driver",        STR(entry, driver), NEED },
	{ "index",         NUM(entry, index) },
	{ "hook",          STR(entry, hook) },
	{ "sidecar",       BOOL(entry, sidecar) },
	{ "leader",        BOOL(entry, leader) },
	{ "killSignal",    NUM(entry, kill_signal), NEED },
	{ "killTimeout",   NUM(entry, kill_timeout_ms), NEED },
	{ "shutdownDelay", NUM(entry, shutdown_delay_ms) },
	{ "restart",       OBJ(entry, restart, restart_rule) },
	{ "runsOnSuccess", BOOL(entry, runs_on_success) },
	{ "logsDisabled",  BOOL(entry, logs_disabled) },
	{ "logFiles",      NUM(entry, log_files) },
	{ "logFileSize",   NUM(entry, log_file_size) });

TYPE(roster,
	{ "job",           STR(roster, job), NEED },
	{ "tasks",         LIST(roster, entries, entry) });

TYPE(attending,
	{ "pid",           NUM(attending, pid), NEED },
	{ "started",       NUM(attending, started), NEED });
/* clang-format on */

/* ---- names ---- */

static size_t alike(struct bundle *const *all, const struct bundle *b, bool in_group)
{
	size_t n = 0;
	EACH(o, all)
		n += same((*o)->task, b->task) && (!in_group || same((*o)->group, b->group));
	return n;
}

/* As short as tells it from the others: TASK, GROUP/TASK, and a number in brackets where there are several of it. */
static const char *label_of(struct bundle *const *all, const struct bundle *b)
{
	const char *label = alike(all, b, false) > alike(all, b, true) ? fmt("%s/%s", b->group, b->task) : b->task;
	return alike(all, b, true) > 1 ? fmt("%s[%d]", label, b->index) : label;
}

/* A label is free text, an ID is not. */
static const char *id_of(const char *run, const char *label, struct entry *const *others)
{
	char *id = fmt("%s.%.80s", run, label);

	for (char *c = id; *c; c++)
		if (!isalnum((unsigned char) *c) && *c != '-' && *c != '_' && *c != '.')
			*c = *c == ']' && !c[1] ? 0 : *c == '/' || *c == '[' ? '.' : '-';
	EACH(o, others)
		if (same((*o)->id, id))
			return fmt("%s.%zu", id, count(others));
	return id;
}

static struct entry *entry_of(struct bundle *const *all, const struct bundle *b)
{
	struct entry *e = mem(sizeof *e);

	*e = (struct entry){
		.label = label_of(all, b),
		.bundle = b->dir,
		.alloc = b->alloc,
		.group = b->group,
		.task = b->task,
		.driver = b->driver,
		.hook = b->hook,
		.index = b->index,
		.kill_signal = b->kill_signal,
		.kill_timeout_ms = b->kill_timeout_ms,
		.shutdown_delay_ms = b->shutdown_delay_ms,
		.sidecar = b->sidecar,
		.leader = b->leader,
		.runs_on_success = b->runs_on_success,
		.logs_disabled = b->logs_disabled,
		.log_files = b->log_files,
		.log_file_size = b->log_file_size,
	};
	if (b->restart.given) {
		e->restart = mem(sizeof *e->restart);
		*e->restart = b->restart;
	}
	return e;
}

/* ---- making ---- */

static void remove_record(const char *root, const char *run)
{
	autoclose int dir = try_open(AT_FDCWD, fmt("%s/" JOBS, root), O_RDONLY | O_DIRECTORY);
	if (dir >= 0 && try_remove_tree(dir, run) < 0 && errno != ENOENT)
		fail_sys("remove the record of run \"%s\"", run);
}

static void undo_make(void *roster)
{
	const struct roster *r = roster;
	remove_record(r->root, r->run);
}

struct roster *roster_make(const char *root, const char *run, struct bundle *const *bundles)
{
	struct roster *r = mem(sizeof *r);
	autoclose int top = root_open_dir(root);

	*r = (struct roster){ .root = root, .run = run, .job = bundles[0]->job };
	EACH(b, bundles) {
		struct entry *e = entry_of(bundles, *b);
		e->id = id_of(run, e->label, r->entries);
		id_check(e->id);
		r->entries = append(r->entries, e);
	}
	if (mkdirat(top, JOBS, 0700) < 0 && errno != EEXIST)
		fail_sys("make directory %s/" JOBS, root);
	autoclose int jobs = open_dir(top, JOBS);
	if (mkdirat(jobs, run, 0700) < 0) {
		if (errno == EEXIST)
			fail("a run \"%s\" is there already; choose another --id, or `bivy down %s`", run, run);
		fail_sys("make directory %s/" JOBS "/%s", root, run);
	}
	undo(undo_make, r);
	r->dir = open_dir(jobs, run);
	if (!try_roster_lock(r, 0))
		fail("run \"%s\" is being cleared up by another command; try again", run);
	write_new(r->dir, RECORD, json_text(r, &roster_type, true));
	return r;
}

/* ---- finding ---- */

struct roster *roster_inherit(const char *root, const char *run, int dir)
{
	const char *json = try_read_whole(dir, RECORD);
	struct roster *r =
		json ? json_read(fmt("%s/" JOBS "/%s/" RECORD, root, run), json, &roster_type) : mem(sizeof *r);
	r->root = root;
	r->run = run;
	r->dir = dir;
	return r;
}

struct roster *try_roster_open(const char *root, const char *run)
{
	id_check(run);
	int dir = try_open(AT_FDCWD, fmt("%s/" JOBS "/%s", root, run), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (dir < 0 && errno != ENOENT)
		fail_sys("the record of run \"%s\"", run);
	return dir < 0 ? NULL : roster_inherit(root, run, dir);
}

const char **roster_runs(const char *root) { return container_ids(fmt("%s/" JOBS, root)); }

static bool holds(const struct roster *r, const char *id)
{
	EACH(e, r->entries)
		if (same((*e)->id, id))
			return true;
	return false;
}

struct roster *try_roster_of(const char *root, const char *id)
{
	EACH(run, roster_runs(root)) {
		if (!starts_with(id, fmt("%s.", *run)))
			continue;
		struct roster *r = try_roster_open(root, *run);
		if (r && holds(r, id))
			return r;
	}
	return NULL;
}

/* ---- who is at work ---- */

bool try_roster_lock(const struct roster *r, int timeout_ms)
{
	for (int waited = 0; flock(r->dir, LOCK_EX | LOCK_NB) < 0; waited += LOOK_AGAIN_MS) {
		if (errno != EWOULDBLOCK)
			fail_sys("lock run \"%s\"", r->run);
		if (waited >= timeout_ms)
			return false;
		nanosleep(&(struct timespec){ 0, LOOK_AGAIN_MS * 1000000 }, NULL);
	}
	return true;
}

bool roster_is_gone(const struct roster *r)
{
	struct stat st;
	return fstat(r->dir, &st) < 0 || !st.st_nlink;
}

void roster_attend(const struct roster *r)
{
	struct attending me = { getpid(), proc_started(getpid()) };
	write_new(r->dir, SUPERVISOR, json_text(&me, &attending_type, false));
}

int try_roster_supervisor(const struct roster *r)
{
	const char *json = try_read_whole(r->dir, SUPERVISOR);
	if (!json)
		return -1;
	const struct attending *a = json_read(SUPERVISOR, json, &attending_type);
	return try_proc_open(a->pid, a->started);
}

bool roster_tells_first(const struct roster *r)
{
	autoclose int fd = openat(r->dir, TOLD, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	return fd >= 0 || errno != EEXIST;
}

void roster_remove(const struct roster *r)
{
	own_bundle_remove(r->root, r->run);
	remove_record(r->root, r->run);
}
