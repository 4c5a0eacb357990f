/* One entry of a formatted log: a line, or as much of it as has come.
 *   json-file  {"log":"text\n","stream":"stdout","time":"..."}, what is no UTF-8 as U+FFFD; without \n: it goes on
 *   cri        TIME stdout F text; with P in place of F: it goes on in the next entry of that stream */
#pragma once
#include "stream.h"

/* What is being written to the log, beyond the size on record. */
struct writer {
	struct capture *capture;
	uint64_t at;   /* where `out` of the capture goes */
	size_t length; /* of what is in there */
	bool failed;   /* with errno: from then on nothing is written */
	char time[40]; /* RFC 3339, no quotes, ends with NUL */
};

void writer_begin(struct writer *, struct capture *); /* takes the time */
void writer_flush(struct writer *);

/* text: without its newline, which `whole` stands for. */
void entry_write(struct writer *, const char *stream, const char *text, size_t length, bool whole);
