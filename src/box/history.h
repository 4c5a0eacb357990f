/* What has happened to a container: the file `events` of its state directory, a line of JSON for each thing, added at
 * its end by whoever does it.  Commands tell of created, started, paused, resumed and deleted, the shim of oom, stopped
 * and log-dropped (libexec/shim/event.c writes the same form).  Who reads follows the file, so that no reader can slow
 * anybody, and none misses what was told while there was no shim. */
#pragma once
#include <stddef.h>

struct container;

/* {"type":TYPE,"id":ID,"time":...}.  The line that reaches 1 MiB is followed by one of type history-full; after it only
 * stopped and deleted are told.  What cannot be written is not told: nothing fails for that. */
void history_tell(int state_dir, const char *id, const char *type);

/* The lines of all of them, from the beginning, and what comes, until they are deleted or nobody reads our standard
 * output any more.  `line` gets whole lines, newline included. */
void history_follow(struct container *const *, void (*line)(const char *, size_t));
