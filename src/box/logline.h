/* One entry of a formatted log, as libexec/shim/entry.c writes it, read again. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

struct logline {
	const char *time; /* RFC 3339, UTC, nine digits: can be compared as text; ends with NUL */
	bool is_stderr;
	char *text; /* as the program wrote it, its newline included where it has come; may hold NULs */
	size_t length;
};

/* line: the entry without its newline, with room for one byte more; it is taken apart in place.  False: it is none. */
bool logline_read_json(char *line, size_t length, struct logline *);
bool logline_read_cri(char *line, size_t length, struct logline *);
