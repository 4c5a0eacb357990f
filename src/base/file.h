/* Files and directories by descriptor.  `dir` is AT_FDCWD or an open directory; every descriptor is close-on-exec.
 * A plain name succeeds or fails the command; a try_ name gives -1 or NULL with errno. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

int open_dir(int dir, const char *path);
int try_open(int dir, const char *path, int flags);

/* Below `root` whatever the path says: `..` and links cannot leave it, links of /proc are refused.  openat2(2). */
int open_in_root(int root, const char *path, int flags);
int try_open_in_root(int root, const char *path, int flags);

char *read_whole(int dir, const char *path); /* NUL-ended; at most 16 MiB */
char *try_read_whole(int dir, const char *path);
void write_file(int dir, const char *path,
		const char *what); /* one write(2) to a file that exists, as in /proc and /sys */
int try_write_file(int dir, const char *path, const char *what);
void write_new(int dir, const char *path, const char *what); /* by a temporary file and rename(2); mode 0600 */
void write_all(int fd, const char *what, size_t length, const char *name);

void make_dir(int dir, const char *path, mode_t mode);  /* fails when it exists */
void make_dirs(int dir, const char *path, mode_t mode); /* with its parents; what exists is left alone */
bool exists(int dir, const char *path);                 /* without following a last link */
int try_remove_tree(int dir, const char *path);         /* what is below a mount point is left, and is an error */
const char *absolute(const char *path);                 /* against the working directory; links are kept */
const char *dir_name(const char *path);                 /* copies; path is not touched */
const char *base_name(const char *path);
const char *clean_path(const char *path); /* lexically: no //, /./, /../; always absolute */
/* What of a clean path lies below dir, without its slash; "" for dir itself, NULL: it lies elsewhere. */
const char *path_below(const char *dir, const char *path);
