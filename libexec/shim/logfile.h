/* The files of the log directory.  Who writes the log may be the one whose log it is: the container can put links,
 * pipes and files of its own where ours are to be.  So a new file is created by us or not at all, an old one is taken
 * only if it is a file with one name, and no link is followed.  Mode 0644. */
#pragma once
#include "stream.h"

/* raw: NAME.STREAM.N, where N counts up and no number is used twice; only the `files` highest are kept.  0, or -1 and
 * errno: t->file is what it was. */
int try_log_resume(struct capture *, struct stream *t); /* the highest that is there; else a new one */
int try_log_next(struct capture *, struct stream *t);

/* json-file and cri: NAME.log, and older ones as NAME.log.1 (the newest of them) and so on.  `log` and its size are
 * set. */
int try_log_open(struct capture *);
int try_log_rotate(struct capture *);
