#include "cmd/crew.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/lifecycle.h"
#include "cmd/voice.h"
#include "oci/names.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* What is waited for; then come those of each member. */
enum { SIGNALS, OUTPUT, ERRORS, FIRST_MEMBER };

/* Open files beside those that are watched: of a member (for each stream a directory and a file), and of the crew. */
#define MORE_FILES 4
#define OWN_FILES  32

struct crew {
	const struct roster *roster;
	const struct crew_wishes *wishes;
	struct allocation **allocations;
	struct member **members; /* of all */
	struct sink *sinks[2];   /* NULL: it does not speak */
	struct pollfd *polled;
	size_t watched;
	int signals, interrupted; /* the first signal that came; 0: none */
	bool hurried;             /* a second one came */
	bool told;
	int code; /* of the first task that failed */
	int64_t began_us;
};

/* ---- gathering ---- */

static struct allocation *allocation_for(struct crew *c, const struct entry *e)
{
	EACH(a, c->allocations) {
		const struct entry *first = (*a)->members[0]->entry;
		if (same(first->group, e->group) && first->index == e->index)
			return *a;
	}
	struct allocation *a = mem(sizeof *a);
	c->allocations = append(c->allocations, a);
	return a;
}

static void give_voices(struct crew *c)
{
	static const char *const streams[] = { "stdout", "stderr" };
	size_t widest = 0;
	int number = 0;

	EACH(m, c->members)
		widest = strlen((*m)->entry->label) > widest ? strlen((*m)->entry->label) : widest;
	for (int i = 0; i < 2; i++)
		c->sinks[i] = sink_new(1 + i);
	EACH(m, c->members) {
		const struct entry *e = (*m)->entry;
		for (int i = 0; i < 2 && !e->logs_disabled; i++)
			(*m)->voices[i] = voice_new(fmt("%s/logs", e->alloc), e->task, streams[i], e->label,
						    (int) widest, number, c->sinks[i]);
		number++;
	}
}

static void gather(struct crew *c)
{
	EACH(e, c->roster->entries) {
		struct member *m = member_new(c->roster->root, *e);
		struct allocation *a = allocation_for(c, *e);
		a->members = append(a->members, m);
		c->members = append(c->members, m);
	}
	c->watched = FIRST_MEMBER + count(c->members) * MEMBER_WATCHES;
	/* poll(2) refuses more rows than that as well. */
	worker_allow_files(c->watched + count(c->members) * MORE_FILES + OWN_FILES);
	c->polled = mem(c->watched * sizeof *c->polled);
	if (c->wishes->speaks)
		give_voices(c);
}

static int listen_to_signals(void)
{
	static const int heard[] = { SIGINT, SIGTERM, SIGQUIT };
	struct sigaction hangup;
	sigset_t set;

	sigemptyset(&set);
	sigaction(SIGHUP, NULL, &hangup);
	if (hangup.sa_handler != SIG_IGN) /* nohup(1) */
		sigaddset(&set, SIGHUP);
	for (size_t i = 0; i < sizeof heard / sizeof *heard; i++)
		sigaddset(&set, heard[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0)
		fail_sys("signalfd");
	return fd;
}

/* ---- stopping ---- */

static void end_all(struct crew *c)
{
	EACH(a, c->allocations)
		(*a)->ending = true;
}

/* A terminal that goes sends SIGHUP, and so does the shell on it: that is one request. */
static void hear_signals(struct crew *c)
{
	struct signalfd_siginfo info;

	while (read(c->signals, &info, sizeof info) == sizeof info) {
		c->hurried |= c->interrupted && info.ssi_signo != SIGHUP;
		if (!c->interrupted)
			c->interrupted = (int) info.ssi_signo;
	}
	end_all(c);
	if (c->hurried)
		EACH(m, c->members)
			member_kill(*m);
}

/* Who reads the output has gone: a single task would get SIGPIPE, so the run ends. */
static void mind_reader(struct crew *c)
{
	if (!c->interrupted && c->sinks[0] && c->sinks[0]->unread) {
		c->interrupted = SIGPIPE;
		end_all(c);
	}
}

/* ---- order ---- */

/* One that was told to stop has not failed, unless it was the caller who wanted it: then the code of a main task is the
 * job's, as that of a single task would be. */
static void count_end(struct crew *c, struct allocation *a, struct member *m)
{
	bool failed = m->last.code && (!m->asked || (c->interrupted && !m->entry->hook));

	m->counted = true;
	if (failed && !c->code)
		c->code = m->last.code;
	if (failed || m->entry->leader)
		a->ending = true;
}

static void settle(struct crew *c, struct allocation *a)
{
	EACH(m, a->members)
		if ((*m)->phase == OVER && !(*m)->counted)
			count_end(c, a, *m);
	a->ending |= lifecycle_is_through(a);
	EACH(m, a->members) {
		member_on_time(*m);
		if (lifecycle_may_start(a, *m))
			member_begin(*m);
		if (lifecycle_must_stop(a, *m))
			member_ask(*m);
	}
}

static bool is_changing(const struct crew *c)
{
	EACH(m, c->members)
		if (((*m)->phase == OVER && !(*m)->counted) || !member_wait(*m))
			return true;
	EACH(a, c->allocations)
		EACH(m, (*a)->members)
			if (lifecycle_may_start(*a, *m) || lifecycle_must_stop(*a, *m))
				return true;
	return false;
}

static bool is_up(const struct crew *c)
{
	EACH(a, c->allocations)
		if (!lifecycle_is_up(*a))
			return false;
	return !c->code;
}

static void tell(struct crew *c)
{
	if (c->told || !c->wishes->on_up || !is_up(c))
		return;
	c->told = true;
	c->wishes->on_up();
}

static bool is_over(const struct crew *c)
{
	EACH(m, c->members)
		if ((*m)->phase != OVER || (*m)->stop.pid || (*m)->kill.pid)
			return false;
	return true;
}

static bool is_silent(const struct crew *c)
{
	EACH(m, c->members)
		for (int i = 0; i < 2; i++)
			if ((*m)->voices[i] && !voice_is_silent((*m)->voices[i]))
				return false;
	return true;
}

/* ---- the loop ---- */

static int next_due(const struct crew *c)
{
	int64_t soonest = -1;
	EACH(m, c->members) {
		int64_t wait = member_wait(*m);
		soonest = wait >= 0 && (soonest < 0 || wait < soonest) ? wait : soonest;
	}
	return soonest > 3600000 ? 3600000 : (int) soonest;
}

static void watch(struct crew *c)
{
	struct pollfd *p = c->polled + FIRST_MEMBER, none = { .fd = -1 };

	c->polled[SIGNALS] = (struct pollfd){ c->signals, POLLIN, 0 };
	for (int i = 0; i < 2; i++)
		c->polled[OUTPUT + i] = c->sinks[i] ? sink_waits(c->sinks[i]) : none;
	EACH(m, c->members) {
		member_watch(*m, p);
		p += MEMBER_WATCHES;
	}
	if (poll(c->polled, c->watched, next_due(c)) < 0 && errno != EINTR)
		fail_sys("poll");
}

static void hear(struct crew *c)
{
	const struct pollfd *p = c->polled + FIRST_MEMBER;

	EACH(m, c->members) {
		member_hear(*m, p);
		p += MEMBER_WATCHES;
	}
	for (int i = 0; i < 2; i++)
		if (c->sinks[i])
			sink_flush(c->sinks[i]);
	mind_reader(c);
	if (c->polled[SIGNALS].revents)
		hear_signals(c);
}

/* ---- how it went ---- */

static const char *how(const struct member *m)
{
	const struct report *r = &m->last;

	if (!m->has_run)
		return r->code ? "could not be started" : "not run";
	if (r->unknown)
		return "ended, its code is not known";
	return r->signal ? fmt("killed by signal %d", r->signal) : fmt("exit code %d", r->code);
}

static void summary(const struct crew *c)
{
	EACH(m, c->members) {
		fprintf(stderr, "bivy: task %s (%s): %s%s", (*m)->entry->label, (*m)->entry->driver, how(*m),
			(*m)->last.oom ? ", out of memory" : "");
		if ((*m)->retries.all)
			fprintf(stderr, "; started %lld times", (long long) (*m)->retries.all + 1);
		if ((*m)->has_run)
			fprintf(stderr, "; started in %.1f ms, ran for %.1f ms", (double) (*m)->took_us / 1e3,
				(double) (*m)->ran_us / 1e3);
		fputc('\n', stderr);
	}
	fprintf(stderr, "bivy: job %s: %sexit code %d; ran for %.1f ms\n", c->roster->job,
		c->interrupted ? fmt("stopped by %s, ", signal_name(c->interrupted)) : "", c->code,
		(double) (now_us() - c->began_us) / 1e3);
}

int crew_run(struct roster *r, const struct crew_wishes *wishes)
{
	struct crew *c = mem(sizeof *c);

	*c = (struct crew){ .roster = r, .wishes = wishes, .signals = listen_to_signals(), .began_us = now_us() };
	gather(c);
	roster_attend(r);
	for (;;) {
		while (is_changing(c))
			EACH(a, c->allocations)
				settle(c, *a);
		tell(c);
		if (is_over(c) && (is_silent(c) || c->hurried))
			break;
		watch(c);
		hear(c);
	}
	if (wishes->speaks && !wishes->quiet)
		summary(c);
	return c->code;
}
