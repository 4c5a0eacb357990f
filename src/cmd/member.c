#include "cmd/member.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"
#include "cmd/voice.h"

#include <signal.h>
#include <time.h>

static int64_t now_ms(void) { return now_us() / 1000; }

int64_t now_us(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

struct member *member_new(const char *root, const struct entry *e)
{
	struct member *m = mem(sizeof *m);
	*m = (struct member){ .root = root, .entry = e, .pidfd = -1 };
	m->work.from = m->stop.from = m->kill.from = -1;
	return m;
}

static void work(struct member *m, struct worker *w, deed *what)
{
	if (!w->pid)
		worker_start(w, what, m->root, m->entry);
}

void member_begin(struct member *m)
{
	m->phase = STARTING;
	m->began_us = now_us();
	for (int i = 0; i < 2; i++)
		if (m->voices[i])
			voice_resume(m->voices[i]);
	work(m, &m->work, worker_begin);
}

static void learn(struct member *m)
{
	fd_close(&m->pidfd);
	m->phase = LEARNING;
	work(m, &m->work, worker_learn);
}

/* A start that failed is not tried again: the next one would fail as well. */
static void has_begun(struct member *m)
{
	int code = worker_done(&m->work, &m->last, &m->pidfd);

	if (code) {
		m->last = (struct report){ .code = code };
		m->phase = OVER;
		return;
	}
	m->took_us = m->has_run ? m->took_us : now_us() - m->began_us;
	m->has_run = true;
	m->began_us = now_us();
	m->phase = ACTIVE;
	if (m->pidfd < 0)
		learn(m);
}

static bool runs_again(const struct member *m)
{
	const struct entry *e = m->entry;
	return !m->asked && (m->last.code || (e->runs_on_success && (!e->hook || e->sidecar)));
}

static void has_ended(struct member *m)
{
	int none;

	if (worker_done(&m->work, &m->last, &none))
		m->last = (struct report){ .code = COULD_NOT, .unknown = true };
	m->ran_us = now_us() - m->began_us;
	for (int i = 0; i < 2; i++)
		if (m->voices[i])
			voice_end(m->voices[i]);
	int64_t wait = runs_again(m) ? retry_in(&m->retries, m->entry->restart, now_ms()) : -1;
	m->phase = wait < 0 ? OVER : RESTING;
	m->due_ms = now_ms() + wait;
}

void member_ask(struct member *m)
{
	m->asked = true;
	m->due_ms = now_ms() + m->entry->shutdown_delay_ms;
	if (m->phase == WAITING || m->phase == RESTING)
		m->phase = OVER;
}

void member_kill(struct member *m)
{
	if (!m->asked)
		member_ask(m);
	m->killed = true;
	m->due_ms = now_ms();
	if (m->phase == STARTING)
		kill(m->work.pid, SIGTERM); /* our own child: it undoes what it has done */
}

/* ---- waiting ---- */

static struct pollfd for_worker(const struct worker *w) { return (struct pollfd){ w->pid ? w->from : -1, POLLIN, 0 }; }

static struct pollfd for_voice(const struct voice *v) { return v ? voice_waits(v) : (struct pollfd){ .fd = -1 }; }

void member_watch(const struct member *m, struct pollfd *p)
{
	p[MEMBER_WORK] = for_worker(&m->work);
	p[MEMBER_STOP] = for_worker(&m->stop);
	p[MEMBER_KILL] = for_worker(&m->kill);
	p[MEMBER_END] = (struct pollfd){ m->pidfd, POLLIN, 0 };
	p[MEMBER_OUTPUT] = for_voice(m->voices[0]);
	p[MEMBER_ERRORS] = for_voice(m->voices[1]);
}

static void hear_helper(struct worker *w)
{
	struct report none;
	int pidfd;
	worker_done(w, &none, &pidfd);
}

void member_hear(struct member *m, const struct pollfd *p)
{
	if (p[MEMBER_WORK].revents && m->phase == STARTING)
		has_begun(m);
	else if (p[MEMBER_WORK].revents)
		has_ended(m);
	else if (p[MEMBER_END].revents)
		learn(m);
	if (p[MEMBER_STOP].revents)
		hear_helper(&m->stop);
	if (p[MEMBER_KILL].revents)
		hear_helper(&m->kill);
	for (int i = 0; i < 2; i++)
		if (m->voices[i])
			voice_speak(m->voices[i], p[MEMBER_OUTPUT + i].revents);
}

static bool waits_for_signal(const struct member *m) { return m->asked && m->phase == ACTIVE && m->due_ms >= 0; }

int64_t member_wait(const struct member *m)
{
	if (m->phase != RESTING && !waits_for_signal(m))
		return -1;
	int64_t wait = m->due_ms - now_ms();
	return wait < 0 ? 0 : wait;
}

void member_on_time(struct member *m)
{
	if (member_wait(m))
		return;
	if (m->phase == RESTING) {
		member_begin(m);
		return;
	}
	m->due_ms = -1;
	work(m, m->killed ? &m->kill : &m->stop, m->killed ? worker_kill : worker_stop);
}
