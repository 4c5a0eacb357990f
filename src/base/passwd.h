/* Users and groups from the files etc/passwd and etc/group below a root directory: the host's, or a container's.  A
 * static glibc has no NSS, and a container's files say what its numbers mean, whatever the host thinks. */
#pragma once
#include <sys/types.h>

struct account {
	const char *name, *home; /* home: "/" when the file names none */
	uid_t uid;
	gid_t gid;
	gid_t **gids; /* supplementary, from etc/group: without `gid`, each once; NULL-ended, NULL when none */
};

/* root: a directory descriptor; its files are untrusted (links stay inside, only regular files are read, 16 MiB at
 * most). 0, or -1 and errno: ENOENT for an unknown name or number as well as for a missing file.  Lines that make no
 * sense are passed over, the first that fits wins, as with getpwnam(3).  try_user_by_name takes names only, no numbers.
 */
int try_user_by_name(int root, const char *name, struct account *);
int try_user_by_id(int root, uid_t, struct account *);

/* The files themselves, open for reading, where they do not lie below one root; -1: there is none.  The same results.
 */
struct account_files {
	int passwd, group;
};

int try_account_files(int root, struct account_files *); /* the caller closes both */
int try_account_by_name(const struct account_files *, const char *name, struct account *);
int try_account_by_id(const struct account_files *, uid_t, struct account *);
int try_group_by_name(const struct account_files *, const char *name, gid_t *);
