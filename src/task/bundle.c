#include "task/bundle.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/document.h"
#include "task/draft.h"
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

static bool chosen(const char *wanted, const struct group *g, const struct task *t)
{
	return !wanted || same(wanted, t->name) || same(wanted, fmt("%s/%s", g->name, t->name));
}

static _Noreturn void refuse_choice(const struct bundle_options *o, const struct job *j)
{
	const char **names = NULL;
	EACH(g, j->groups)
		EACH(t, (*g)->tasks)
			names = append(names, fmt("%s/%s", (*g)->name, (*t)->name));
	fail("%s: no task is called \"%s\"; it has %s", o->job, o->task, join(names, ", "));
}

static struct draft **choose(const struct bundle_options *o, const struct job *j, const struct agent *agent,
			     const char *alloc_id)
{
	struct draft **drafts = NULL;
	EACH(g, j->groups)
		EACH(t, (*g)->tasks) {
			if (!chosen(o->task, *g, *t))
				continue;
			struct draft *d = mem(sizeof *d);
			*d = (struct draft){ .job = j, .group = *g, .task = *t, .agent = agent, .alloc_id = alloc_id };
			drafts = append(drafts, d);
		}
	if (!drafts)
		refuse_choice(o, j);
	if (o->task && drafts[1])
		fail("%s: more than one group has a task \"%s\"; say --task GROUP/TASK", o->job, o->task);
	return drafts;
}

static void refuse_artifacts(const struct draft *d, const struct bundle_options *o)
{
	if (!d->task->artifacts || o->artifacts_present)
		return;
	hcl_fail(
		d->task->artifacts[0]->block->at,
		"artifact: bivy does not fetch yet; put \"%s\" into %s/task/local by hand, and say --artifacts-present",
		d->task->artifacts[0]->source, d->dir);
}

static void place(struct draft *d, const struct bundle_options *o, bool alone)
{
	const char *base = absolute(o->dir);
	d->dir = alone ? base : fmt("%s/%s/%s", base, d->group->name, d->task->name);
	d->alloc = alone ? fmt("%s/alloc", base) : fmt("%s/%s/alloc", base, d->group->name);
	refuse_artifacts(d, o);
	if (!o->force && exists(AT_FDCWD, fmt("%s/config.json", d->dir)))
		fail("%s: a config.json is there already; name another directory, or say --force to replace it",
		     d->dir);
}

static struct draft **draft_all(const struct bundle_options *o)
{
	const struct agent *agent = agent_of(o->client, o->client ? document_read(o->client) : NULL);
	const struct job *job = job_parse(o->job, o->words ? o->words : document_read(o->job), o->vars);
	const char *alloc_id = o->alloc_id ? o->alloc_id : random_uuid();
	struct draft **drafts = choose(o, job, agent, alloc_id);

	if (!*alloc_id)
		fail_as(MISUSE, "--alloc-id is empty; leave it away for a random one");
	EACH(d, drafts) {
		if (o->dir)
			place(*d, o, !drafts[1]);
		else
			(*d)->may_come = (*d)->task->artifacts;
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
	/* Whoever is not root cannot give it away, and lets everyone in, as Nomad does. */
	if (who && fchown(fd, who->uid, who->gid) < 0) {
		if (errno != EPERM)
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
	static const char *const points[] = { "alloc", "secrets", "dev", "proc", "sys", NULL };
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

static void write_config(struct made *m, const struct draft *d)
{
	autoclose int dir = open_dir(AT_FDCWD, d->dir);
	bool there = exists(dir, "config.json");
	write_new(dir, "config.json", json_text(d->config, &config_type, true));
	if (!there)
		made_add(m, fmt("%s/config.json", d->dir));
}

static struct bundle *bundle_of(const struct draft *d)
{
	const struct asked_logs *l = d->task->logs;
	struct bundle *b = mem(sizeof *b);

	*b = (struct bundle){
		.dir = d->dir,
		.job = d->job->id,
		.group = d->group->name,
		.task = d->task->name,
		.driver = d->task->driver,
		.kill_signal = d->kill_signal,
		.kill_timeout_ms = d->kill_timeout / 1000000,
		.logs_disabled = l && l->disabled,
		.log_files = l && l->max_files ? *l->max_files : 10,
		.log_file_size = (l && l->max_file_size ? *l->max_file_size : 10) << 20,
	};
	return b;
}

struct bundle **bundles_write(const struct bundle_options *o)
{
	struct draft **drafts = draft_all(o);
	struct bundle **bundles = NULL;
	struct made *m = made_new();
	mode_t mask = umask(022);

	EACH(d, drafts) {
		make_way(m, (*d)->dir);
		make_alloc(m, *d);
		make_task(m, *d);
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
