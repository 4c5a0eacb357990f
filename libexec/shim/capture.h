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
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum log_format { LOG_NONE, LOG_RAW, LOG_JSON, LOG_CRI };

/* What "logs.progress" in the state directory holds.  box/logs.c makes it, full length, so that it needs no room later.
 */
struct progress {
	uint64_t done[2];    /* bytes of the staging files that stand in the log */
	uint64_t log_size;   /* with them in it; LOG_AS_FOUND: nothing was written yet */
	uint64_t dropped[2]; /* bytes of each stream that came to no file */
};
#define LOG_AS_FOUND UINT64_MAX

struct stream {
	const char *name; /* "stdout" */
	int fifo;         /* ours: for reading and writing, without waiting */
	int file;         /* raw: its log; else its staging file; -1: not open (yet) */
	uint64_t number;  /* raw: of the log */
	bool stuck;       /* it could not be written: tried again at the next tick */
	bool dropping;    /* its FIFO was full meanwhile */
};

/* As much of a line as Docker and Kubernetes have in one entry, and what is made of it.  They are whole pages, which go
 * back to the kernel when there is nothing to do. */
struct pages {
	_Alignas(4096) char chunk[16384];
	char out[4096];
};

struct capture {
	enum log_format format;
	uint64_t files, size; /* how many at most (raw: of each stream), and of how many bytes */
	const char *id, *name;
	struct stream streams[2];
	struct progress progress; /* as it is on disk */
	int progress_file, log;   /* log: of json-file and cri */
	int peek[2];              /* a pipe: what lies in a FIFO is looked at in a copy, see rawlog.c */
	int tick_ms;              /* when to attend again, whatever the FIFOs say; -1: no need to */
	struct pages *pages;
};

/* logs: the shim's argument.  In a new shim, and in one that takes over.  What it opens is not for a standby to hold:
 * that one would keep deleted files on the disk. */
void capture_begin(struct capture *, const char *id, const char *logs);
void capture_end(struct capture *); /* closes all of that */

/* Moves what has come, and says where to look for more: slots[0] and [1], and tick_ms. */
void capture_attend(struct capture *, struct pollfd slots[2]);

/* The container is over, or nearly: everything goes to the logs, a last line without its newline too.  False: something
 * is left, because it cannot be written; with `last` it is dropped. */
bool capture_drain(struct capture *, bool last);

void capture_record(const struct capture *); /* `progress`, for who comes after us */
