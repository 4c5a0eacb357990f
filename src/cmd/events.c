#include "base/duration.h"
#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"
#include "box/history.h"
#include "box/stats.h"
#include "cli/globals.h"
#include "cmd/commands.h"
#include "sys/cgroup.h"
#include "sys/cgroup_stats.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct events {
	const char *interval;
	bool stats, follow;
};

#define USUAL_MS 5000

static int64_t interval_of(const char *spelled)
{
	int64_t ms;
	if (!duration_read(spelled, &ms))
		fail_as(MISUSE, "events: --interval: \"%s\" is not a duration such as 5s, 1m30s or 250ms", spelled);
	if (ms < 1)
		fail_as(MISUSE, "events: --interval: \"%s\" is not at least a millisecond", spelled);
	return ms;
}

static int64_t now_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Whoever reads lines from a pipe wants each when it is written. */
static void print(const char *line)
{
	if (fputs(line, stdout) < 0 || fflush(stdout))
		fail_sys("standard output");
}

static int until(int64_t then)
{
	int64_t left = then - now_ms();
	return left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int) left;
}

/* Until the container's first process has ended: what its cgroup tells then is told. */
static void follow(const struct container *c, int pidfd, int64_t interval)
{
	struct oom_watch watch = oom_watch_begin(c->cgroup);
	struct pollfd fds[] = { { pidfd, POLLIN, 0 }, { watch.fd, watch.events, 0 } };

	for (int64_t next = now_ms() + interval; !fds[0].revents;) {
		if (poll(fds, 2, until(next)) < 0 && errno != EINTR)
			fail_sys("wait for events");
		if (oom_watch_came(&watch))
			print(oom_line(c));
		if (!fds[0].revents && !until(next)) {
			print(stats_line(c));
			next += interval;
		}
	}
}

/* Nobody reads any more: that is a way to end. */
static void print_lines(const char *lines, size_t length)
{
	if (fwrite(lines, 1, length, stdout) != length || fflush(stdout))
		exit(EXIT_SUCCESS);
}

static int follow_history(char **ids)
{
	struct container **all = NULL;

	signal(SIGPIPE, SIG_IGN);
	EACH(id, ids)
		all = append(all, container_open(globals()->root, *id));
	history_follow(all, print_lines);
	return 0;
}

static int run(const void *options, char **arguments)
{
	const struct events *o = options;
	if (o->follow && (o->stats || o->interval))
		fail_as(MISUSE, "events: --follow tells what happens; --stats and --interval are for counters");
	if (o->follow)
		return follow_history(arguments);
	if (arguments[1])
		fail_as(MISUSE, "events: counters are those of one container; with --follow it may be several");
	int64_t interval = o->interval ? interval_of(o->interval) : USUAL_MS;
	const struct container *c = container_open(globals()->root, *arguments);
	autoclose int pidfd = try_container_pidfd(c);

	if (pidfd < 0 || container_status(c) == STOPPED)
		fail("container with id %s is not running", c->id);
	if (!c->cgroup || !c->cgroup->hierarchies)
		fail("container \"%s\" has no cgroup, so nothing counts what it uses", c->id);
	if (o->stats)
		print(stats_line(c));
	else
		follow(c, pidfd, interval);
	return 0;
}

static const struct option_row options[] = {
	{ "follow", 'f', FLAG(events, follow),
	  "Print what happens to the containers, from their creation to their deletion, and no counters" },
	{ "stats", 0, FLAG(events, stats), "Print the counters once and return" },
	{ "interval", 0, VALUE(events, interval, "DURATION"), "Print the counters this often, as 5s, which is usual" },
	{ 0 },
};

const struct command command_events = {
	.name = "events",
	.arguments = "ID...",
	.summary = "Print what a container uses, or what happens to it, as lines of JSON",
	.group = "Containers",
	.size = sizeof(struct events),
	.options = options,
	.run = run,
	.least = 1,
	.most = -1,
	.options_anywhere = true,
};
