/* One task of a job's run while somebody looks after it: started, waited for, started again, stopped.  Whatever takes
 * time is done by workers.  When it may begin and must end is the affair of lifecycle.h.  Runs in the crew's process.
 */
#pragma once
#include "cmd/retry.h"
#include "cmd/worker.h"

#include <poll.h>

struct voice;

/* RESTING: until it is run again.  LEARNING: it has ended, and its record is waited for. */
enum phase { WAITING, STARTING, ACTIVE, LEARNING, RESTING, OVER };

struct member {
	const char *root;
	const struct entry *entry;
	struct voice *voices[2]; /* of its output and its errors; NULL: nobody listens */

	enum phase phase;
	bool has_run;       /* at least once */
	bool asked, killed; /* to stop, in order or at once; it is not run again */
	bool counted;       /* crew.c has taken its end into account */
	int pidfd;          /* ACTIVE: of its first process */
	struct report last; /* how it ended; STARTING failed: the code of that */
	struct retries retries;
	int64_t due_ms;                    /* RESTING: when it starts again; asked: when it gets its signal */
	int64_t began_us, took_us, ran_us; /* the last time; took: to start */
	struct worker work, stop, kill;    /* STARTING or LEARNING; asked; killed */
};

/* What a member waits for. */
enum { MEMBER_WORK, MEMBER_STOP, MEMBER_KILL, MEMBER_END, MEMBER_OUTPUT, MEMBER_ERRORS, MEMBER_WATCHES };

struct member *member_new(const char *root, const struct entry *);
void member_begin(struct member *);
void member_ask(struct member *);  /* by its kill signal, after its shutdown delay */
void member_kill(struct member *); /* whatever it is doing */

/* The rows of a poll(2), as it waits now, and what that found.  member_wait: the milliseconds until something is due
 * that no descriptor tells; -1: nothing. */
void member_watch(const struct member *, struct pollfd *);
void member_hear(struct member *, const struct pollfd *);
int64_t member_wait(const struct member *);
void member_on_time(struct member *);

int64_t now_us(void); /* steady */
