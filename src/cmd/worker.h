/* A process that does one thing to one container and ends: so that who looks after many of them waits for none, keeps
 * nothing in memory for each, and survives what fails.  Forked by the crew of a run and by `down`. */
#pragma once
#include "box/roster.h"

/* What it has to tell. */
struct report {
	int32_t code, signal;
	bool oom, unknown; /* unknown: how the task ended cannot be known */
};

struct worker {
	pid_t pid; /* 0: none */
	int from;  /* readable when it is done */
};

/* What is done, in the worker.  `tell` is its end of the socket. */
typedef void deed(const char *root, const struct entry *, int tell);

deed worker_begin;  /* makes the container, again if there is one, and starts it; tells with a pidfd of its process */
deed worker_learn;  /* waits for the record of the end, and tells it */
deed worker_stop;   /* the kill signal, and after the kill timeout the end; returns when nothing of it runs */
deed worker_kill;   /* the same at once */
deed worker_remove; /* every trace of the container.  As a worker it fails in silence: see disband.h */

/* Who starts workers may have so many descriptors from now on; the workers, and so the containers, as many as the
 * caller allows, and none of those that are opened later.  Fails when the hard limit is lower. */
void worker_allow_files(size_t needed);

void worker_start(struct worker *, deed *, const char *root, const struct entry *);

/* When it is done, or waiting until then: 0, or the code of its failure, which it has put into words itself.  *pidfd:
 * what came with the report, or -1. */
int worker_done(struct worker *, struct report *, int *pidfd);
