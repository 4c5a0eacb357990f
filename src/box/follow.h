/* A captured stream as it was written, read across its rotated files, oldest first, while it grows.  Runs in `bivy
 * logs` and in `up`.  The directory may be the container's to write in: links and what is no file are passed over.
 * What was rotated away unread is warned of.  A follower allocates once, when it is opened, and for such a warning. */
#pragma once
#include <stddef.h>
#include <sys/types.h>

struct follow;

/* stream: "web.stdout", whose files are web.stdout.0, .1 and so on; it need not be there yet.  log_dir stays the
 * caller's, and open. */
struct follow *follow_open(int log_dir, const char *stream);

/* The same of a file that is renamed when it is full: web.log is the newest, web.log.1 the one before.  Of the newest
 * so much is read as `progress` (see logs_recorded) says: what stands beyond that goes when the shim is killed, and may
 * be written again in another order.  -1: all of it. */
struct follow *follow_open_renamed(int log_dir, const char *file, int progress);

void follow_rewind(struct follow *);                         /* to the beginning of the oldest file there is */
int follow_fd(const struct follow *);                        /* to poll(2): readable when there may be more */
ssize_t follow_read(struct follow *, char *to, size_t room); /* 0: nothing now; never -1: it fails */
