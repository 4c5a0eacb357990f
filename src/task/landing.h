/* What was fetched, moved from where it was put aside into its place.  It comes from a program without privileges that
 * strangers' data has been through: nothing in it is followed or believed.  Runs in bundle and up. */
#pragma once
#include "base/passwd.h"
#include "task/made.h"

/* All of it becomes this account's, when it belongs to `from`.  dir: open; path: its name in errors. */
void landing_give(int dir, const char *path, uid_t from, const struct account *to);

/* The directory `path` below the open `dir`, made with its parents for that account; `whole` is the path of `dir`.
 * A link on the way is refused: the task may have put it there. */
int landing_open(struct made *, int dir, const char *whole, const char *path, const struct account *);

/* The entries of `from` become entries of `to`; directories that are there are added to, files replaced.  whole: the
 * path of `to`. */
void landing_move(struct made *, int from, int to, const char *whole);
