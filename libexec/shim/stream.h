/* What a capture consists of: two streams, how far each has come, and where to.  See capture.h. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum log_format { LOG_NONE, LOG_RAW, LOG_JSON, LOG_CRI };

/* What "logs.progress" in the state directory holds.  box/logging.c makes it, full length, so that it needs no room
 * later.
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

void progress_record(const struct capture *); /* writes `progress` down, for who comes after us */
