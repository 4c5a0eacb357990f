/* One file of a web server: asked for once, with its redirects. */
#pragma once
#include "arrival.h"

/* What is fetched, and what of an earlier attempt helps the next one. */
struct http {
	const struct order *order;
	const char *url;
	struct arrival *arrival;
	int64_t until;         /* the monotonic clock in ms, when the time is over */
	const char *validator; /* an ETag or a date: what has come belongs to that version; NULL: begin again */
};

enum http_end { HTTP_DONE, HTTP_AGAIN, HTTP_NEVER };

int64_t clock_ms(void);

/* What came has been added to the arrival.  *why: what is the matter, unless it is done.  HTTP_AGAIN: it may be better
 * the next time. */
enum http_end http_get(struct http *, const char **why);
