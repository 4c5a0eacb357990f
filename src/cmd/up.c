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
	const char *client, *task, *id;
	const char **vars;
	bool detach, quiet;
};

/* Who has the task stopped, and how: the job says it. */
struct stopping {
	const struct container *container;
	const struct bundle *bundle;
	int pidfd;
	bool asked;
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

static const struct bundle *only_one(struct bundle *const *bundles)
{
	const char **names = NULL;
	EACH(b, bundles)
		names = append(names, fmt("%s/%s", (*b)->group, (*b)->task));
	if (count(names) > 1)
		fail("the job has several tasks, and `up` runs one: choose with --task=%s", join(names, " or --task="));
	return *bundles;
}

static const struct bundle *write_bundle(const struct up *o, const char *job, const char *id)
{
	const char *dir = own_bundle(globals()->root, id);
	struct bundle_options wanted = {
		.job = job, .dir = dir, .client = o->client, .task = o->task, .vars = o->vars
	};

	close(root_open_dir(globals()->root));
	make_dirs(AT_FDCWD, dir_name(dir), 0711);
	if (mkdir(dir, 0711) < 0) {
		if (errno == EEXIST)
			fail("container \"%s\" already exists; choose another --id, or `bivy delete %s`", id, id);
		fail_sys("bundle %s", dir);
	}
	undo(remove_bundle, (void *) id);
	return only_one(bundles_write(&wanted));
}

/* The first request is the job's kill_signal, and when its kill_timeout is over, or at a second request, everything is
 * killed. */
static void stop(int signal, void *context)
{
	struct stopping *s = context;
	struct itimerval timer = { .it_value = { s->bundle->kill_timeout_ms / 1000,
						 s->bundle->kill_timeout_ms % 1000 * 1000 } };

	if (signal == SIGUSR1 || signal == SIGUSR2 || signal == SIGCONT) {
		try_proc_signal(s->pidfd, signal);
		return;
	}
	if (s->asked || !s->bundle->kill_timeout_ms) {
		try_proc_signal(s->pidfd, SIGKILL);
		if (s->container->cgroup)
			try_cgroup_kill(s->container->cgroup, SIGKILL);
		return;
	}
	s->asked = true;
	try_proc_signal(s->pidfd, s->bundle->kill_signal);
	setitimer(ITIMER_REAL, &timer, NULL);
}

static int follow(const struct container *c, const struct bundle *bundle)
{
	struct stopping s = { .container = c, .bundle = bundle, .pidfd = try_container_pidfd(c) };
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

static int run(const void *options, char **arguments)
{
	const struct up *o = options;
	double begin = milliseconds();
	const char *id = o->id ? o->id : id_for(o->task ? base_name(o->task) : base_name(*arguments));

	id_check(id);
	const struct bundle *bundle = write_bundle(o, *arguments, id);
	struct wishes w = { .logs = o->detach ? fmt("%s/alloc/logs", bundle->dir) : NULL, .logs_name = bundle->task };
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

static const struct option_row options[] = {
	{ "client", 0, VALUE(up, client, "FILE"),
	  "Take the agent's settings from FILE: chroot_env, plugin, client.options" },
	{ "task", 0, VALUE(up, task, "TASK"), "Choose a task of the job, as TASK or GROUP/TASK" },
	{ "var", 0, VALUES(up, vars, "NAME=VALUE"), "Give a variable of the job its value" },
	{ "id", 0, VALUE(up, id, "ID"), "Call the container ID" },
	{ "detach", 'd', FLAG(up, detach),
	  "Print its ID and return when the program runs; its output goes to alloc/logs of its bundle" },
	{ "quiet", 'q', FLAG(up, quiet), "Print nothing but what the program prints" },
	{ 0 },
};

const struct command command_up = {
	.name = "up",
	.arguments = "JOB",
	.summary = "Run a task of a job file, isolated, and exit with its code",
	.group = "Tasks",
	.size = sizeof(struct up),
	.options = options,
	.run = run,
	.least = 1,
	.most = 1,
	.exits_by_kind = true,
	.options_anywhere = true,
};
