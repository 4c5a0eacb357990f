/* The names and links of an archive, which a stranger has chosen, and the directories below one of ours. */
#pragma once
#include <stdbool.h>

/* The name as it counts below the directory: clean, relative, "" for the directory itself; NULL: it is not below the
 * subdirectory that is wanted.  Fails at one that is absolute, has "..", or is longer than a path can be. */
const char *beneath_name(const char *said, const char *subdirectory);

/* Whether a symbolic link at that (clean) name stays inside: relative, and climbing only at its beginning, no higher
 * than the top.  Given that no directory on the way is a link, and links are never moved to another depth, this holds
 * however links lead to links. */
bool beneath_link(const char *name, const char *target);

/* The directory of that clean name below dir, made where it is missing; made() hears of each.  made NULL: nothing is
 * made.  No link is followed: openat2(2). */
int beneath_open(int dir, const char *name, void (*made)(void *), void *context);
