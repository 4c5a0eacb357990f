/* The masked and read-only paths of a container.  Runs in INIT before the root is entered: a path that is not there is
 * no error. */
#pragma once

void paths_mask(int root, const char *const *paths);
void paths_make_readonly(int root, const char *const *paths);
