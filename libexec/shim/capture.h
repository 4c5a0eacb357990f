/* The container's standard output and error, captured: from two FIFOs into the files of a log directory.
 *
 * The container has both FIFOs open for reading and writing, so that nobody else has to be: while there is no shim they
 * fill up, and the next shim goes on where the last one stopped.  What it needs for that is on disk only; a shim may be
 * killed at any instruction and each byte still gets to the log once:
 *   raw               splice(2) takes out of the FIFO what it has put into the file, no more and no less, in one call
 *   json-file, cri    are made of a staging file that is filled in that way; a record of how far they are is written
 *                     after them, by one call, and what stands in the log beyond it is cut off and made again
 *
 * What cannot be written stays in the FIFO.  When that is full, the oldest goes, and is counted: the container waits
 * for nobody.  The log directory may be the container's to write in (CVE-2026-6959): see logfile.h. */
#pragma once
#include "stream.h"

#include <poll.h>

/* logs: the shim's argument.  In a new shim, and in one that takes over.  What it opens is not for a standby to hold:
 * that one would keep deleted files on the disk. */
void capture_begin(struct capture *, const char *id, const char *logs);
void capture_end(struct capture *); /* closes all of that */

/* Moves what has come, and says where to look for more: slots[0] and [1], and tick_ms. */
void capture_attend(struct capture *, struct pollfd slots[2]);

/* The container is over, or nearly: everything goes to the logs, a last line without its newline too.  False: something
 * is left, because it cannot be written; with `last` it is dropped. */
bool capture_drain(struct capture *, bool last);
