#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "box/interrupt.h"
#include "box/life.h"
#include "cli/globals.h"
#include "cmd/commands.h"
#include "cmd/crew.h"
#include "cmd/detached.h"
#include "cmd/disband.h"
#include "cmd/foreground.h"
#include "cmd/making.h"
#include "sys/cgroup.h"
#include "sys/tty.h"
#include "task/bundle.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct up {
	const char *client, *task, *id, *payload, *netns;
	const char **vars, **var_files, **meta;
	bool detach, quiet;
};

/* Who has the task stopped, and how: the job says it. */
struct ending {
	const struct container *container;
	const struct bundle *bundle;
	int pidfd;
	bool asked, signalled;
};

static double milliseconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec * 1e3 + (double) t.tv_nsec / 1e6;
}

/* Task names are free text; what an ID may not hold becomes a dash.  The number keeps two runs of one job apart. */
static const char *id_for(const char *task)
{
	unsigned n;
	char *id = fmt("%.40s", task);

	for (char *c = id; *c; c++)
		if (!isalnum((unsigned char) *c))
			*c = '-';
	if (getrandom(&n, sizeof n, 0) != sizeof n)
		fail_sys("random number");
	return fmt("%s-%08x", *id == '-' ? id + 1 : id, n);
}

static void remove_bundle(void *id) { own_bundle_remove(globals()->root, id); }

static struct bundle **write_bundles(const struct up *o, const char *job, const char *id)
{
	const char *dir = own_bundle(globals()->root, id);
	struct bundle_options wanted = {
		.job = job,
		.dir = dir,
		.client = o->client,
		.task = o->task,
		.vars = o->vars,
		.var_files = o->var_files,
		.payload = o->payload,
		.meta = o->meta,
		.netns = o->netns,
		.quiet = o->quiet,
	};

	close(root_open_dir(globals()->root));
	make_dirs(AT_FDCWD, dir_name(dir), 0711);
	if (mkdir(dir, 0711) < 0) {
		if (errno == EEXIST)
			fail("\"%s\" is there already; choose another --id, or `bivy down %s`", id, id);
		fail_sys("bundle %s", dir);
	}
	undo(remove_bundle, (void *) id);
	return bundles_write(&wanted);
}

/* ---- one task, in the foreground ---- */

static void set_timer(int64_t ms)
{
	struct itimerval timer = { .it_value = { ms / 1000, ms % 1000 * 1000 } };
	setitimer(ITIMER_REAL, &timer, NULL);
}

static void stop_at_once(const struct ending *s)
{
	try_proc_signal(s->pidfd, SIGKILL);
	if (s->container->cgroup)
		try_cgroup_kill(s->container->cgroup, SIGKILL);
}

static void stop_by_signal(struct ending *s)
{
	s->signalled = true;
	if (!s->bundle->kill_timeout_ms) {
		stop_at_once(s);
		return;
	}
	try_proc_signal(s->pidfd, s->bundle->kill_signal);
	set_timer(s->bundle->kill_timeout_ms);
}

/* The first request is, after the job's shutdown_delay, its kill_signal; when its kill_timeout is over, or at a second
 * request, everything is killed. */
static void stop(int signal, void *context)
{
	struct ending *s = context;

	if (signal == SIGUSR1 || signal == SIGUSR2 || signal == SIGCONT) {
		try_proc_signal(s->pidfd, signal);
		return;
	}
	if (s->asked && signal == SIGHUP) /* from the terminal, and from the shell on it */
		return;
	if (s->signalled || (s->asked && signal != SIGALRM)) {
		stop_at_once(s);
		return;
	}
	bool delayed = !s->asked && s->bundle->shutdown_delay_ms;
	s->asked = true;
	if (delayed)
		set_timer(s->bundle->shutdown_delay_ms);
	else
		stop_by_signal(s);
}

static int follow(const struct container *c, const struct bundle *bundle)
{
	struct ending s = { .container = c, .bundle = bundle, .pidfd = try_container_pidfd(c) };
	if (s.pidfd >= 0) {
		if (interrupt_pending())
			stop(interrupt_pending(), &s);
		terminal_relay(-1, s.pidfd, stop, &s);
	}
	return foreground_code(c);
}

static void summary(const struct bundle *b, const struct exit_record *r, int code, double started, double ran)
{
	const char *how = r && r->signal ? fmt("killed by signal %d", r->signal) : fmt("exit code %d", code);
	fprintf(stderr, "bivy: task %s (%s): %s%s; started in %.1f ms, ran for %.1f ms\n", b->task, b->driver, how,
		r && r->oom ? ", out of memory" : "", started, ran);
}

static struct log_wishes bundle_logs(const struct bundle *b)
{
	return (struct log_wishes){ .dir = fmt("%s/logs", b->alloc),
				    .name = b->task,
				    .format = "raw",
				    .files = b->log_files,
				    .size = b->log_file_size,
				    .disabled = b->logs_disabled };
}

/* The caller's streams and terminal are the task's; with -d its shim is all that stays. */
static int run_alone(const struct up *o, const struct bundle *bundle, const char *id, double begin)
{
	struct log_wishes logs = bundle_logs(bundle);
	struct wishes w = { .logs = o->detach ? &logs : NULL };

	if (!o->detach)
		foreground_begin();
	container_create(bundle_box(bundle->dir, id, &w));
	struct container *c = container_open(globals()->root, id);
	undo_forget();
	undo(foreground_remove, c);
	container_start(c);
	undo_forget();
	double running = milliseconds();
	if (o->detach) {
		puts(id);
		return 0;
	}
	int code = follow(c, bundle);
	if (!o->quiet)
		summary(bundle, container_exit(c), code, running - begin, milliseconds() - running);
	container_delete(c, true);
	return code;
}

/* ---- a run of several, or of one that somebody has to look after ---- */

/* Whatever fails from here on ends the containers before their bundles go. */
static struct roster *make_run(const char *id, struct bundle *const *bundles)
{
	struct roster *r = roster_make(globals()->root, id, bundles);
	undo_forget();
	undo(disband_run, r);
	return r;
}

static int run_detached(const struct roster *r)
{
	int code = detached_start(r);

	if (code) {
		undo_all();
		return code;
	}
	undo_forget();
	puts(r->run);
	return 0;
}

static int run_here(struct roster *r, bool quiet)
{
	int code = crew_run(r, &(struct crew_wishes){ .speaks = true, .quiet = quiet });
	undo_all();
	return code;
}

static bool needs_nobody(const struct up *o, struct bundle *const *bundles)
{
	const struct bundle *b = *bundles;
	return !bundles[1] && !b->restart.given && (o->detach || !b->logs_asked);
}

static int run(const void *options, char **arguments)
{
	const struct up *o = options;
	double begin = milliseconds();
	const char *id = o->id ? o->id : id_for(o->task ? base_name(o->task) : base_name(*arguments));

	id_check(id);
	struct bundle **bundles = write_bundles(o, *arguments, id);
	if (needs_nobody(o, bundles))
		return run_alone(o, *bundles, id, begin);
	struct roster *r = make_run(id, bundles);
	return o->detach ? run_detached(r) : run_here(r, o->quiet);
}

static const struct option_row options[] = {
	{ "client", 0, VALUE(up, client, "FILE"), "Take the host's side from FILE, a Nomad agent's configuration" },
	{ "task", 0, VALUE(up, task, "[GROUP/]TASK"), "Run only this task of the job" },
	{ "var", 0, VALUES(up, vars, "NAME=VALUE"), "Set a variable of the job file" },
	{ "var-file", 0, VALUES(up, var_files, "FILE"), "Set variables of the job file from a file of NAME = VALUE" },
	{ "payload", 0, VALUE(up, payload, "FILE"), "Dispatch a parameterized job with this payload" },
	{ "meta", 0, VALUES(up, meta, "KEY=VALUE"), "Dispatch a parameterized job with this meta" },
	{ "network-namespace", 0, VALUE(up, netns, "PATH"), "What a group's network mode bridge or cni/NAME joins" },
	{ "id", 0, VALUE(up, id, "ID"), "Call the run ID, and its container if it is a single one" },
	{ "detach", 'd', FLAG(up, detach),
	  "Print the run's ID and return when the tasks run; their output goes to alloc/logs of their bundles" },
	{ "quiet", 'q', FLAG(up, quiet), "Print nothing but what the tasks print" },
	{ 0 },
};

const struct command command_up = {
	.name = "up",
	.arguments = "JOB",
	.summary = "Run the tasks of a job file, isolated, and exit with their code",
	.group = "Tasks",
	.size = sizeof(struct up),
	.options = options,
	.run = run,
	.least = 1,
	.most = 1,
	.exits_by_kind = true,
	.options_anywhere = true,
};
