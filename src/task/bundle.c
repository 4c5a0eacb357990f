#include "task/bundle.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/allocation.h"
#include "task/document.h"
#include "task/draft.h"
#include "task/fetch.h"
#include "task/made.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- reading ---- */

static struct agent *agent_of(const char *file, const char *words)
{
	if (words && is_json(words))
		fail("%s: an agent file is read in HCL only; write it as client { ... } and plugin \"exec\" { ... }",
		     file);
	return agent_parse(file, words);
}

void agent_file_check(const char *file, const char *words) { agent_of(file, words); }

/* ---- choosing ---- */

static void place(struct draft *d, const struct bundle_options *o, bool alone)
{
	const char *base = absolute(o->dir);
	const char *number = allocation_count(d->group) > 1 ? fmt(".%d", d->index) : "";
	const char *of_group = fmt("%s/%s%s", base, d->group->name, number);

	d->dir = alone ? base : fmt("%s/%s", of_group, d->task->name);
	d->alloc = alone ? fmt("%s/alloc", base) : fmt("%s/alloc", of_group);
	if (!o->force && exists(AT_FDCWD, fmt("%s/config.json", d->dir)))
		fail("%s: a config.json is there already; name another directory, or say --force to replace it",
		     d->dir);
}

static struct draft **draft_all(const struct bundle_options *o)
{
	const struct agent *agent = agent_of(o->client, o->client ? document_read(o->client) : NULL);
	const struct given_variables given = { (const char *const *) o->var_files, (const char *const *) o->vars,
					       (const char *const *) environ };
	struct job *job = job_parse(o->job, o->words ? o->words : document_read(o->job), &given);
	if (o->dir)
		job_dispatch(job, o->payload, o->meta);
	else
		job_dispatch_any(job);
	const struct wanted wanted = { o->job, o->task, o->alloc_id, o->payload, o->netns };
	struct draft **drafts = allocations(&wanted, job, agent);

	if (same(o->alloc_id, ""))
		fail_as(MISUSE, "--alloc-id is empty; leave it away for a random one");
	EACH(d, drafts) {
		if (o->dir)
			place(*d, o, !drafts[1]);
		(*d)->present = o->artifacts_present;
		(*d)->may_come = (*d)->task->artifacts && !o->artifacts_present;
		draft_make(*d);
	}
	return drafts;
}

/* ---- writing ---- */

/* A directory of the bundle's own on the way to it, in the caller's name. */
static void make_way(struct made *m, const char *path)
{
	struct text so_far = { 0 };
	EACH(part, split(path + 1, '/')) {
		text_printf(&so_far, "/%s", *part);
		if (!mkdir(so_far.at, 0755))
			made_add(m, so_far.at);
		else if (errno != EEXIST)
			fail_sys("make directory %s", so_far.at);
	}
}

/* An open directory below dir, made when it is missing.  A link in its place is refused: the task may have put it
 * there. */
static int make_own(struct made *m, int dir, const char *whole, mode_t mode, const struct account *who)
{
	const char *name = base_name(whole);
	bool made = !mkdirat(dir, name, 0700);

	if (!made && errno != EEXIST)
		fail_sys("make directory %s", whole);
	if (made)
		made_add(m, whole);
	int fd = try_open(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (fd < 0)
		fail_sys("%s must be a directory", whole);
	/* Whoever is not root cannot give it away, and lets everyone in, as Nomad does.  What is the caller's may have
	 * been another's in an earlier bundle, of raw_exec. */
	if (fchown(fd, who ? who->uid : geteuid(), who ? who->gid : getegid()) < 0) {
		if (errno != EPERM || !who)
			fail_sys("owner of %s", whole);
		mode |= 0777;
	}
	if (fchmod(fd, mode) < 0)
		fail_sys("mode of %s", whole);
	return fd;
}

static void make_alloc(struct made *m, const struct draft *d)
{
	static const char *const parts[] = { "logs", "tmp", "data", NULL };
	autoclose int up = open_dir(AT_FDCWD, dir_name(d->alloc));
	autoclose int alloc = make_own(m, up, d->alloc, 0777, &d->who);
	EACH(part, parts) {
		autoclose int fd = make_own(m, alloc, fmt("%s/%s", d->alloc, *part), 0777, &d->who);
		(void) fd;
	}
}

static void make_cwd(struct made *m, const struct draft *d, int task)
{
	const char *cwd = d->settings->work_dir ? clean_path(d->settings->work_dir) : "/";
	const char *host = starts_with(cwd, "/alloc/") ? dir_name(d->alloc) : fmt("%s/task", d->dir);
	struct text so_far = { 0 };

	if (!starts_with(cwd, "/local/") && !starts_with(cwd, "/tmp/") && !starts_with(cwd, "/alloc/"))
		return;
	autoclose int dir = starts_with(cwd, "/alloc/") ? open_dir(AT_FDCWD, host) : fd_copy_from(task, 0);
	const char **parts = split(cwd + 1, '/');
	EACH(part, parts) {
		text_printf(&so_far, "/%s", *part);
		int next = part == parts || exists(dir, *part)
				   ? try_open(dir, *part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
				   : make_own(m, dir, fmt("%s%s", host, so_far.at), 0755, &d->who);
		if (next < 0)
			fail_sys("work_dir: %s%s", host, so_far.at);
		fd_close(&dir);
		dir = next;
	}
}

/* What is a mount point in an exec task, and nothing at all for raw_exec. */
static void make_points(struct made *m, const struct draft *d, int task)
{
	static const char *const points[] = { "alloc", "dev", "proc", "sys", NULL };
	/* What is put there is copied into the task's own when it starts (draft_exec.c). */
	autoclose int secrets = make_own(m, task, fmt("%s/task/secrets", d->dir), 0700, NULL);
	(void) secrets;
	EACH(point, points) {
		autoclose int fd = make_own(m, task, fmt("%s/task/%s", d->dir, *point), 0755, NULL);
		(void) fd;
	}
	chroot_make(d->root, task, fmt("%s/task", d->dir), m);
}

static void make_task(struct made *m, const struct draft *d)
{
	const char *whole = fmt("%s/task", d->dir);
	autoclose int dir = open_dir(AT_FDCWD, d->dir);
	autoclose int task = make_own(m, dir, whole, 0755, d->raw ? &d->who : NULL);
	autoclose int local = make_own(m, task, fmt("%s/local", whole), 0755, &d->who);
	autoclose int tmp = make_own(m, task, fmt("%s/tmp", whole), 01777, &d->who);
	(void) local, (void) tmp;

	if (!d->raw) {
		make_points(m, d, task);
		make_cwd(m, d, task);
		return;
	}
	autoclose int secrets = make_own(m, task, fmt("%s/secrets", whole), 0700, &d->who);
	(void) secrets;
}

static void place_file(struct made *m, const struct draft *d, const struct placed *f, int task)
{
	autoclose int shared = f->shared ? try_open(AT_FDCWD, d->alloc, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) : -1;
	if (f->shared && shared < 0)
		fail_sys("%s", d->alloc);
	placed_write(f, f->shared ? shared : task, f->shared ? d->alloc : fmt("%s/task", d->dir), &d->who, m);
}

/* After the artifacts, which may bring what a template is made of. */
static void make_files(struct made *m, const struct draft *d)
{
	autoclose int dir = open_dir(AT_FDCWD, d->dir);
	autoclose int task = try_open(dir, "task", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	if (task < 0)
		fail_sys("%s/task", d->dir);
	EACH(f, d->files)
		place_file(m, d, *f, task);
	EACH(f, draft_late_files(d, task))
		place_file(m, d, *f, task);
	if (!d->resolver)
		return;
	const struct placed resolver = {
		.path = "resolv.conf", .words = d->resolver, .length = strlen(d->resolver), .mode = 0644
	};
	placed_write(&resolver, dir, d->dir, &d->who, m);
}

static void write_config(struct made *m, const struct draft *d)
{
	autoclose int dir = open_dir(AT_FDCWD, d->dir);
	bool there = exists(dir, "config.json");
	write_new(dir, "config.json", json_text(d->config, &config_type, true));
	if (!there)
		made_add(m, fmt("%s/config.json", d->dir));
}

static struct restart_rule restart_of(const struct draft *d)
{
	const struct restart *r = d->task->restart ? d->task->restart : d->group->restart;
	if (!r)
		return (struct restart_rule){ 0 };
	struct restart_policy p = job_restart_policy(d->job->type, r);
	return (struct restart_rule){ .given = true,
				      .attempts = p.attempts,
				      .interval_ms = p.interval / 1000000,
				      .delay_ms = p.delay / 1000000,
				      .then_waits = same(p.mode, "delay") };
}

static int64_t milliseconds(const int64_t *nanoseconds) { return nanoseconds ? *nanoseconds / 1000000 : 0; }

static struct bundle *bundle_of(const struct draft *d)
{
	const struct lifecycle *life = d->task->lifecycle;
	const struct asked_logs *l = d->task->logs;
	struct bundle *b = mem(sizeof *b);

	*b = (struct bundle){
		.dir = d->dir,
		.alloc = d->alloc,
		.job = d->job->id,
		.group = d->group->name,
		.task = d->task->name,
		.driver = d->task->driver,
		.kill_signal = d->kill_signal,
		.index = d->index,
		.kill_timeout_ms = d->kill_timeout / 1000000,
		.shutdown_delay_ms = milliseconds(d->group->shutdown_delay) + milliseconds(d->task->shutdown_delay),
		.hook = life ? life->hook : NULL,
		.sidecar = life && life->sidecar,
		.leader = d->task->leader,
		.runs_on_success = life ? life->sidecar : job_is_service(d->job),
		.restart = restart_of(d),
		.logs_asked = l,
		.logs_disabled = l && l->disabled,
		.log_files = l && l->max_files ? *l->max_files : 10,
		.log_file_size = (l && l->max_file_size ? *l->max_file_size : 10) << 20,
	};
	return b;
}

/* Before the files: a template may have one of them as its source. */
static void bring_artifacts(struct made *m, struct draft *d, bool quiet)
{
	if (!d->deliveries)
		return;
	fetch(m, d->deliveries, d->dir, d->alloc, &d->who, &d->agent->artifact, quiet);
}

struct bundle **bundles_write(const struct bundle_options *o)
{
	struct draft **drafts = draft_all(o);
	struct bundle **bundles = NULL;
	struct made *m = made_new();
	mode_t mask = umask(022);

	EACH(d, drafts) {
		m->base = NULL;
		make_way(m, (*d)->dir);
		m->base = dir_name((*d)->alloc);
		make_alloc(m, *d);
		make_task(m, *d);
		bring_artifacts(m, *d, o->quiet);
		make_files(m, *d);
		if ((*d)->may_come)
			draft_arrived(*d);
		write_config(m, *d);
		bundles = append(bundles, bundle_of(*d));
	}
	umask(mask);
	made_keep(m);
	return bundles;
}

struct bundle **bundles_check(const struct bundle_options *o)
{
	struct bundle_options unwritten = *o;
	struct bundle **bundles = NULL;

	unwritten.dir = NULL;
	EACH(d, draft_all(&unwritten))
		bundles = append(bundles, bundle_of(*d));
	return bundles;
}
