#include "base/passwd.h"

#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST      ((off_t) 16 << 20)
#define LONGEST_LINE 65536

/* The fields of passwd(5) and group(5) that are of use. */
enum { NAME, UID = 2, GID = 3, HOME = 5, PASSWD_LEAST = 4, PASSWD_FIELDS = 7 };
enum { GROUP_GID = 2, MEMBERS = 3, GROUP_LEAST = 3, GROUP_FIELDS = 4 };

struct lines {
	const char *at, *end;
};

/* Read and not mapped, as its owner may cut it short meanwhile; what it grows by meanwhile is left out. */
static int try_read_file(int fd, struct lines *to)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode) || st.st_size > LARGEST) {
		errno = S_ISREG(st.st_mode) ? EFBIG : EINVAL;
		return -1;
	}
	char *at = mem((size_t) st.st_size + 1);
	ssize_t n = 1, length = 0;
	while (n > 0 && length < st.st_size) {
		n = pread(fd, at + length, (size_t) (st.st_size - length), length);
		length += n > 0 ? n : 0;
	}
	*to = (struct lines){ at, at + length };
	return n < 0 ? -1 : 0;
}

/* A copy of the next line that can be one: comments, NIS marks and junk are passed over.  Only a line that starts with
 * `begins` (NULL: any) is copied, so that a long file costs no memory. */
static char *next_line(struct lines *l, const char *begins)
{
	while (l->at < l->end) {
		const char *line = l->at, *stop = memchr(line, '\n', (size_t) (l->end - line));
		size_t length = (size_t) ((stop ? stop : l->end) - line), want = begins ? strlen(begins) : 0;

		l->at = stop ? stop + 1 : l->end;
		if (!length || length > LONGEST_LINE || strchr("#+-:", *line) || memchr(line, 0, length))
			continue;
		if (!want || (length > want && !memcmp(line, begins, want) && line[want] == ':'))
			return text_n(line, length);
	}
	return NULL;
}

/* Cuts a line at its colons; the number of fields found, those that are not there are "". */
static int cut(char *line, const char **fields, int most)
{
	int n = 0;
	while (n < most && line) {
		fields[n++] = line;
		line = strchr(line, ':');
		if (line)
			*line++ = 0;
	}
	for (int i = n; i < most; i++)
		fields[i] = "";
	return n;
}

/* (uid_t) -1 is no user: to the kernel it says "leave it". */
static bool id_number(const char *s, uint32_t *to)
{
	int64_t n;
	if (!number(s, 0, UINT32_MAX - 1, &n) || *s == '+')
		return false;
	*to = (uint32_t) n;
	return true;
}

static bool has_member(const char *members, const char *name)
{
	size_t n = strlen(name);
	while (*members) {
		size_t length = strcspn(members, ",");
		if (length == n && !memcmp(members, name, n))
			return true;
		members += length + (members[length] == ',');
	}
	return false;
}

static bool has_gid(gid_t *const *list, gid_t gid)
{
	EACH(g, list)
		if (**g == gid)
			return true;
	return false;
}

static bool line_gives(char *line, const char *member, gid_t *gid)
{
	const char *fields[GROUP_FIELDS];

	return strstr(line, member) && cut(line, fields, GROUP_FIELDS) == GROUP_FIELDS &&
	       has_member(fields[MEMBERS], member) && id_number(fields[GROUP_GID], gid);
}

/* A container without an etc/group has no supplementary groups; that is no error.  The list is made as long as the
 * kernel can take it (setgroups(2)) at once: append() of so many would take gigabytes. */
static int try_groups_of(int group, struct account *a)
{
	struct lines l;
	gid_t gid;
	size_t n = 0;

	if (group < 0)
		return 0;
	if (try_read_file(group, &l) < 0)
		return -1;
	for (char *line; n < NGROUPS_MAX && (line = next_line(&l, NULL));) {
		if (!line_gives(line, a->name, &gid) || gid == a->gid || has_gid(a->gids, gid))
			continue;
		if (!a->gids)
			a->gids = mem((NGROUPS_MAX + 1) * sizeof(gid_t *));
		a->gids[n++] = memcpy(mem(sizeof gid), &gid, sizeof gid);
	}
	return 0;
}

/* By name, or with name NULL by number. */
static int try_find(const struct account_files *f, const char *name, uid_t uid, struct account *to)
{
	struct lines l;
	const char *fields[PASSWD_FIELDS];

	errno = ENOENT;
	if (f->passwd < 0 || try_read_file(f->passwd, &l) < 0)
		return -1;
	for (char *line; (line = next_line(&l, name));) {
		struct account a = { 0 };
		if (cut(line, fields, PASSWD_FIELDS) < PASSWD_LEAST)
			continue;
		if (!id_number(fields[UID], &a.uid) || !id_number(fields[GID], &a.gid) || (!name && a.uid != uid))
			continue;
		*to = (struct account){ fields[NAME], *fields[HOME] ? fields[HOME] : "/", a.uid, a.gid, NULL };
		return try_groups_of(f->group, to);
	}
	errno = ENOENT;
	return -1;
}

int try_account_by_id(const struct account_files *f, uid_t uid, struct account *to)
{
	return try_find(f, NULL, uid, to);
}

int try_account_by_name(const struct account_files *f, const char *name, struct account *to)
{
	if (*name)
		return try_find(f, name, 0, to);
	errno = ENOENT;
	return -1;
}

int try_group_by_name(const struct account_files *f, const char *name, gid_t *to)
{
	struct lines l;
	const char *fields[GROUP_FIELDS];

	errno = ENOENT;
	if (f->group < 0 || try_read_file(f->group, &l) < 0)
		return -1;
	for (char *line; *name && (line = next_line(&l, name));)
		if (cut(line, fields, GROUP_FIELDS) >= GROUP_LEAST && id_number(fields[GROUP_GID], to))
			return 0;
	errno = ENOENT;
	return -1;
}

/* Neither a FIFO that waits for a writer nor a device that does something when opened: O_NONBLOCK, and only regular
 * files are read.  A missing etc/group is an empty one. */
int try_account_files(int root, struct account_files *to)
{
	*to = (struct account_files){ -1, -1 };
	autoclose int passwd = try_open_in_root(root, "etc/passwd", O_RDONLY | O_NONBLOCK);
	if (passwd < 0)
		return -1;
	autoclose int group = try_open_in_root(root, "etc/group", O_RDONLY | O_NONBLOCK);
	if (group < 0 && errno != ENOENT)
		return -1;
	*to = (struct account_files){ fd_take(&passwd), fd_take(&group) };
	return 0;
}

static int try_find_below(int root, const char *name, uid_t uid, struct account *to)
{
	struct account_files f;
	if (try_account_files(root, &f) < 0)
		return -1;
	autoclose int passwd = f.passwd, group = f.group;
	(void) passwd, (void) group;
	return name ? try_account_by_name(&f, name, to) : try_account_by_id(&f, uid, to);
}

int try_user_by_id(int root, uid_t uid, struct account *to) { return try_find_below(root, NULL, uid, to); }
int try_user_by_name(int root, const char *name, struct account *to) { return try_find_below(root, name, 0, to); }
