/* A line on the terminal that says how far a download is.  Without a terminal there is none. */
#pragma once
#include <stdint.h>

void bar_never(void);
void bar_show(const char *name, int64_t have, int64_t total); /* total 0: unknown */
void bar_end(void);                                           /* takes the line away */
