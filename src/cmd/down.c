#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "box/life.h"
#include "box/roster.h"
#include "cli/globals.h"
#include "cmd/commands.h"
#include "cmd/disband.h"
#include "cmd/lifecycle.h"
#include "oci/names.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>

#define MOMENT_MS     200
#define LOCK_WAIT_MS  10000
#define LEAVE_WAIT_MS 5000  /* for a supervisor that has been told twice */
#define POSTSTOP_MS   60000 /* for all poststop tasks together */

struct down {
	bool all, force;
};

/* A run with its record; a container that `up` has made and that has no run, and then only its entry; or not even that:
 * the bundles of an `up` that was killed early. */
struct target {
	const char *name, *job;
	struct roster *roster;
	int supervisor; /* of the run; -1: nobody */
	struct entry **entries;
};

/* ---- finding ---- */

static const char *annotation(const struct container *c, const char *key)
{
	EACH(a, c->config ? c->config->annotations : NULL)
		if (same((*a)->key, fmt("org.bivy.%s", key)))
			return (*a)->value;
	return NULL;
}

static struct entry *entry_of(const struct container *c)
{
	const char *signal = annotation(c, "killSignal"), *timeout = annotation(c, "killTimeout");
	struct entry *e = mem(sizeof *e);
	int64_t ms = 5000;

	*e = (struct entry){ .id = c->id, .label = c->id, .kill_signal = signal ? signal_number(signal) : SIGINT };
	if (timeout)
		number(timeout, 0, INT64_MAX, &ms);
	e->kill_timeout_ms = ms;
	return e;
}

static struct target *of_run(struct roster *r)
{
	struct target *t = mem(sizeof *t);
	*t = (struct target){ r->run, r->job, r, -1, r->entries };
	return t;
}

static struct target *of_container(const struct container *c)
{
	struct roster *r = try_roster_of(c->root, c->id);
	if (r)
		return of_run(r);
	struct target *t = mem(sizeof *t);
	*t = (struct target){ .name = c->id, .job = annotation(c, "job") };
	t->entries = append(NULL, entry_of(c));
	return t;
}

static struct target **of_job(const char *root, const char *job)
{
	struct target **found = NULL;

	EACH(run, roster_runs(root)) {
		struct roster *r = try_roster_open(root, *run);
		if (r && same(r->job, job))
			found = append(found, of_run(r));
	}
	EACH(id, container_ids(root)) {
		struct container *c = try_container_open(root, *id);
		if (c && same(annotation(c, "job"), job) && !try_roster_of(root, *id))
			found = append(found, of_container(c));
	}
	return found;
}

static struct target **find_job(const struct down *o, const char *root, const char *job)
{
	struct target **found = of_job(root, job);
	const char **names = NULL;

	EACH(t, found)
		names = append(names, (*t)->name);
	if (count(found) > 1 && !o->all)
		fail("job \"%s\" runs %zu times: say which of %s, or --all", job, count(found), join(names, ", "));
	if (!found && !o->force)
		fail("no job, run or container is called \"%s\" (state is looked for in %s)", job, root);
	return found;
}

static bool can_be_id(const char *name) { return *name && *name != '.' && !name[strcspn(name, "/ \t\n")]; }

static struct target *of_bundles(const char *name)
{
	struct target *t = mem(sizeof *t);
	*t = (struct target){ .name = name };
	return t;
}

/* By what is most exact: a run, a container, a job. */
static struct target **find(const struct down *o, const char *root, const char *name)
{
	struct roster *r = can_be_id(name) ? try_roster_open(root, name) : NULL;
	struct container *c = r || !can_be_id(name) ? NULL : try_container_open(root, name);

	if (r)
		return append(NULL, of_run(r));
	if (c)
		return append(NULL, of_container(c));
	if (can_be_id(name) && exists(AT_FDCWD, own_bundle(root, name)))
		return append(NULL, of_bundles(name));
	return find_job(o, root, name);
}

static bool is_among(struct target *const *targets, const struct target *t)
{
	EACH(other, targets)
		if (same((*other)->name, t->name))
			return true;
	return false;
}

static struct target **find_all(const struct down *o, const char *root, char **names)
{
	struct target **targets = NULL;
	EACH(name, names)
		EACH(t, find(o, root, *name))
			if (!is_among(targets, *t))
				targets = append(targets, *t);
	return targets;
}

/* ---- ending ---- */

/* As long as its own stopping may take in order. */
static int patience_ms(const struct roster *r)
{
	int64_t longest[STOP_RANKS] = { 0 }, all = LEAVE_WAIT_MS;

	EACH(e, r->entries) {
		int64_t *most = &longest[lifecycle_stop_rank(*e)],
			takes = (*e)->kill_timeout_ms + (*e)->shutdown_delay_ms;
		*most = takes > *most ? takes : *most;
		all += same((*e)->hook, "poststop") ? POSTSTOP_MS : 0;
	}
	for (int i = 0; i < STOP_RANKS; i++)
		all += longest[i];
	return all > INT32_MAX ? INT32_MAX : (int) all;
}

/* It ends the run in order, poststop tasks and all.  Told twice it would kill them: a second `down` waits, too. */
static void tell_supervisor(struct target *t)
{
	t->supervisor = t->roster ? try_roster_supervisor(t->roster) : -1;
	if (t->supervisor < 0)
		return;
	if (roster_tells_first(t->roster))
		try_proc_signal(t->supervisor, SIGTERM);
	try_proc_signal(t->supervisor, SIGCONT);
}

/* When it does not, everything else is done without it. */
static void relieve_supervisor(int supervisor, int patience)
{
	if (supervisor < 0 || proc_wait(supervisor, patience))
		return;
	try_proc_signal(supervisor, SIGTERM);
	if (proc_wait(supervisor, LEAVE_WAIT_MS))
		return;
	try_proc_signal(supervisor, SIGKILL);
	proc_wait(supervisor, LEAVE_WAIT_MS);
}

/* Nobody else is at work on it from here on. */
static void take_over(struct target *t)
{
	struct roster *r = t->roster;

	relieve_supervisor(t->supervisor, patience_ms(r));
	if (try_roster_lock(r, MOMENT_MS))
		return;
	/* It may have been coming up when we looked for it. */
	if (t->supervisor < 0) {
		tell_supervisor(t);
		relieve_supervisor(t->supervisor, patience_ms(r));
	}
	if (!try_roster_lock(r, LOCK_WAIT_MS))
		fail("run \"%s\" is being worked on by another command; try again", r->run);
}

static void end_run(struct target *t)
{
	take_over(t);
	if (roster_is_gone(t->roster))
		return;
	disband_stop(t->roster->root, t->entries);
	disband_run(t->roster);
}

static void end(const char *root, struct target *t)
{
	if (t->roster) {
		end_run(t);
		return;
	}
	disband_stop(root, t->entries);
	disband_remove(root, t->entries);
	own_bundle_remove(root, t->name);
}

static int run(const void *options, char **arguments)
{
	const struct down *o = options;
	const char *root = globals()->root;
	struct target **targets = find_all(o, root, arguments);

	EACH(t, targets)
		tell_supervisor(*t);
	EACH(t, targets)
		end(root, *t);
	return 0;
}

static const struct option_row options[] = {
	{ "all", 'a', FLAG(down, all), "All runs of a job, where there are several" },
	{ "force", 'f', FLAG(down, force), "No error if there is none" },
	{ 0 },
};

const struct command command_down = {
	.name = "down",
	.arguments = "RUN...",
	.summary = "Stop what `up` has started (by run, container or job), in order, and remove every trace of it",
	.group = "Tasks",
	.size = sizeof(struct down),
	.options = options,
	.run = run,
	.least = 1,
	.most = -1,
	.options_anywhere = true,
};
