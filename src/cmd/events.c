#include "base/fail.h"
#include "base/fd.h"
#include "base/text.h"
#include "box/stats.h"
#include "cli/globals.h"
#include "cmd/commands.h"
#include "sys/cgroup.h"
#include "sys/cgroup_stats.h"

#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct events {
	const char *interval;
	bool stats;
};

#define USUAL_MS   5000
#define LONGEST_MS 1e12

struct unit {
	const char *name;
	double ms;
};

static const struct unit *unit_at(const char *words)
{
	/* What begins like another stands before it. */
	static const struct unit units[] = { { "ns", 1e-6 }, { "us", 1e-3 },  { "ms", 1 }, { "s", 1e3 },
					     { "m", 60e3 },  { "h", 3600e3 }, { 0 } };
	const struct unit *u = units;
	while (u->name && !starts_with(words, u->name))
		u++;
	return u->name ? u : NULL;
}

/* A duration as Go writes it, which is what runc takes here: 5s, 1m30s, 250ms, 1.5s. */
static int64_t interval_of(const char *spelled)
{
	const struct unit *u = NULL;
	double ms = 0;

	for (const char *at = spelled; *at; at += strlen(u->name)) {
		char *end;
		double n = strtod(at, &end);
		u = isdigit((unsigned char) *at) ? unit_at(end) : NULL;
		if (!u)
			fail_as(MISUSE, "events: --interval: \"%s\" is not a duration such as 5s, 1m30s or 250ms",
				spelled);
		ms += n * u->ms;
		at = end;
	}
	if (ms < 1 || ms > LONGEST_MS)
		fail_as(MISUSE, "events: --interval: \"%s\" is not at least a millisecond", spelled);
	return (int64_t) ms;
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

static int run(const void *options, char **arguments)
{
	const struct events *o = options;
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
	{ "stats", 0, FLAG(events, stats), "Print the counters once and return" },
	{ "interval", 0, VALUE(events, interval, "DURATION"), "Print the counters this often, as 5s, which is usual" },
	{ 0 },
};

const struct command command_events = {
	.name = "events",
	.arguments = "ID",
	.summary = "Print what a container uses, and that memory ran out on it, as lines of JSON",
	.group = "Containers",
	.size = sizeof(struct events),
	.options = options,
	.run = run,
	.least = 1,
	.most = 1,
	.options_anywhere = true,
};
