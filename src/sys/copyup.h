/* tmpcopyup: a new filesystem that begins with what stood at its place.  Runs in INIT, before the root is entered, so
 * it is the image that says what there is to copy: everything goes by descriptors, a link is copied and never followed.
 */
#pragma once
#include <stdbool.h>

/* Both are directories; what, for errors.  Modes, owners, times, extended attributes and hard links are kept, of the
 * directory itself too unless top is false.  Mounts below `from` are copied as they stand. */
void tree_copy(int from, int to, bool top, const char *what);
