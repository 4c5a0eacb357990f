/* The shared libraries that a program will ask its loader for, and which of them are not there: ld.so(8), "The dynamic
 * linker/loader", and musl's, as far as it can be told without running them.  In doubt ($ORIGIN, a loader of another
 * kind) a library counts as there. */
#pragma once
#include "base/executable.h"

/* "libx.so.1 (needed by /usr/lib/liby.so.2)", NULL-ended; NULL: none is missing that can be told.  path: of a file that
 * executable_defect finds nothing wrong with.  search: the program's LD_LIBRARY_PATH, or NULL. */
const char **libraries_missing(const struct looker *, const char *path, const char *search);
