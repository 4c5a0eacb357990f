#include "unpack.h"

#include "arrival.h"
#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"
#include "beneath.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct unpacking {
	const struct orders *all;
	const struct order *order;
	struct archive *archive;
	int dir;
	int64_t files, bytes;
	bool found; /* something of the subdirectory that was asked for, or the one file of mode "file" */
};

static _Noreturn void broken(struct unpacking *u)
{
	const char *why = archive_error_string(u->archive);
	fail("its archive cannot be read: %s", why ? why : "it is damaged");
}

/* ---- limits ---- */

static void count_file(struct unpacking *u)
{
	if (++u->files > u->all->unpacked_files && u->all->unpacked_files)
		fail("its archive holds more than %lld files; decompression_file_count_limit in the agent file's "
		     "client.artifact allows more",
		     (long long) u->all->unpacked_files);
}

/* bytes: of this file, holes included. */
static void count_bytes(const struct unpacking *u, int64_t bytes)
{
	int64_t most = u->all->unpacked_bytes;
	if (bytes < 0 || (most && bytes > most - u->bytes))
		fail("its archive unpacks to more than %s; decompression_size_limit in the agent file's "
		     "client.artifact "
		     "allows more",
		     size_words(most));
}

/* ---- one entry ---- */

static void write_at(int fd, const char *from, size_t length, int64_t at, const char *name)
{
	while (length) {
		ssize_t n = pwrite(fd, from, length, at);
		if (n < 0 && errno != EINTR)
			fail_sys("write %s of its archive", name);
		if (n > 0) {
			from += n;
			at += n;
			length -= (size_t) n;
		}
	}
}

static void write_data(struct unpacking *u, struct archive_entry *e, int fd, const char *name)
{
	int64_t size = archive_entry_size_is_set(e) ? archive_entry_size(e) : 0, end = 0;
	const void *block;
	size_t length;
	la_int64_t at;
	int result;

	count_bytes(u, size);
	while ((result = archive_read_data_block(u->archive, &block, &length, &at)) >= ARCHIVE_WARN &&
	       result != ARCHIVE_EOF) {
		count_bytes(u, at + (int64_t) length);
		write_at(fd, block, length, at, name);
		end = at + (int64_t) length > end ? at + (int64_t) length : end;
	}
	if (result != ARCHIVE_EOF)
		broken(u);
	/* A file may end with a hole. */
	if (size > end && ftruncate(fd, size) < 0)
		fail_sys("write %s of its archive", name);
	u->bytes += size > end ? size : end;
}

/* Nobody else may write, and nothing runs as another: setuid and setgid bits stay behind. */
static void write_file_of(struct unpacking *u, struct archive_entry *e, int parent, const char *name)
{
	struct timespec times[2] = { { .tv_nsec = UTIME_NOW }, { archive_entry_mtime(e), 0 } };
	mode_t mode = (archive_entry_perm(e) & 0755) | 0600;
	autoclose int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		fail_sys("create %s of its archive", name);
	write_data(u, e, fd, name);
	if (fchmod(fd, mode) < 0)
		fail_sys("mode of %s of its archive", name);
	if (archive_entry_mtime_is_set(e))
		futimens(fd, times);
}

static void link_to(struct unpacking *u, const char *target, int parent, const char *name)
{
	const char *inside = beneath_name(target, u->order->subdirectory);
	struct stat st;

	if (!inside || !*inside)
		fail("its archive has a hard link %s to %s, which is not among the files that are wanted", name,
		     target);
	const char *last = strrchr(inside, '/');
	autoclose int from = beneath_open(u->dir, last ? text_n(inside, (size_t) (last - inside)) : "", NULL, NULL);
	last = last ? last + 1 : inside;
	/* A link to a symbolic link would be that link at another depth, where it leads elsewhere. */
	if (fstatat(from, last, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG(st.st_mode))
		fail("its archive has a hard link %s to %s, which is no file of it", name, target);
	if (linkat(from, last, parent, name, 0) < 0)
		fail_sys("link %s of its archive", name);
}

static void symlink_to(const char *target, int parent, const char *inside, const char *name)
{
	if (strlen(target) >= PATH_MAX)
		fail("its archive has a link %s to a path of %zu characters, longer than any can be", inside,
		     strlen(target));
	if (!beneath_link(inside, target))
		fail("its archive has a link %s to %s, which leads outside", inside, target);
	if (symlinkat(target, parent, name) < 0)
		fail_sys("link %s of its archive", inside);
}

/* In a well-made archive a name comes once; where it does not, the last one counts, as with tar(1). */
static void clear(int parent, const char *name, const char *inside)
{
	struct stat st;
	if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	if (S_ISDIR(st.st_mode))
		fail("its archive has %s twice, as a directory and as something else", inside);
	if (unlinkat(parent, name, 0) < 0)
		fail_sys("replace %s of its archive", inside);
}

static const char *kind_words(mode_t type)
{
	return S_ISBLK(type) || S_ISCHR(type) ? "a device"
	       : S_ISFIFO(type)               ? "a FIFO"
	       : S_ISSOCK(type)               ? "a socket"
					      : "of a kind";
}

static void one_more(void *unpacking) { count_file(unpacking); }

static void make(struct unpacking *u, struct archive_entry *e, const char *inside)
{
	const char *hard = archive_entry_hardlink(e), *slash = strrchr(inside, '/');
	const char *name = slash ? slash + 1 : inside;
	mode_t type = archive_entry_filetype(e);

	count_file(u);
	if (!hard && S_ISDIR(type)) {
		fd_close(&(int){ beneath_open(u->dir, inside, one_more, u) });
		return;
	}
	if (!hard && !S_ISREG(type) && !S_ISLNK(type))
		fail("its archive has %s, which is %s; bivy unpacks files, directories and links", inside,
		     kind_words(type));
	autoclose int parent =
		beneath_open(u->dir, slash ? text_n(inside, (size_t) (slash - inside)) : "", one_more, u);
	clear(parent, name, inside);
	if (hard)
		link_to(u, hard, parent, name);
	else if (S_ISLNK(type))
		symlink_to(archive_entry_symlink(e) ? archive_entry_symlink(e) : "", parent, inside, name);
	else
		write_file_of(u, e, parent, name);
}

/* Mode "file": whatever it is called in there, it is one. */
static void make_single(struct unpacking *u, struct archive_entry *e, const char *inside)
{
	if (S_ISDIR(archive_entry_filetype(e)))
		return;
	if (u->found || archive_entry_hardlink(e) || !S_ISREG(archive_entry_filetype(e)))
		fail("its archive holds more than one file, at %s; mode \"file\" is for one, take mode \"any\"",
		     inside);
	u->found = true;
	write_file_of(u, e, u->dir, u->order->name);
}

/* ---- all of them ---- */

static void entry(struct unpacking *u, struct archive_entry *e)
{
	const char *said = archive_entry_pathname(e);
	if (!said)
		said = archive_entry_pathname_utf8(e);
	if (!said)
		fail("its archive has a name that is no text");
	const char *inside = beneath_name(said, u->order->subdirectory);
	if (!inside)
		return;
	if (u->order->single) {
		make_single(u, e, inside);
		return;
	}
	u->found = true;
	if (*inside)
		make(u, e, inside);
}

static void open_archive(struct unpacking *u, int fd)
{
	struct archive *a = u->archive;

	if (same(u->order->archive, "zip"))
		archive_read_support_format_zip_seekable(a);
	else if (same(u->order->archive, "packed"))
		archive_read_support_format_raw(a);
	else
		archive_read_support_format_tar(a);
	if (!same(u->order->archive, "zip")) {
		archive_read_support_filter_gzip(a);
		archive_read_support_filter_bzip2(a);
		archive_read_support_filter_xz(a);
		archive_read_support_filter_zstd(a);
	}
	if (lseek(fd, 0, SEEK_SET) < 0 || archive_read_open_fd(a, fd, 1 << 16) != ARCHIVE_OK)
		broken(u);
}

static void unpack_packed(struct unpacking *u)
{
	struct archive_entry *e;
	if (archive_read_next_header(u->archive, &e) < ARCHIVE_WARN)
		broken(u);
	if (archive_filter_count(u->archive) < 2)
		fail("%s was to be unpacked, but is not compressed; say options { archive = false } to keep it as it "
		     "is",
		     u->order->name);
	archive_entry_set_perm(e, 0755);
	archive_entry_unset_mtime(e);
	write_file_of(u, e, u->dir, u->order->name);
}

void unpack(const struct orders *all, const struct order *o, int fd, int dir)
{
	struct unpacking u = { .all = all, .order = o, .archive = archive_read_new(), .dir = dir };
	struct archive_entry *e;
	int result;

	if (!u.archive)
		fail("libarchive does not start");
	open_archive(&u, fd);
	if (same(o->archive, "packed")) {
		unpack_packed(&u);
		return;
	}
	while ((result = archive_read_next_header(u.archive, &e)) >= ARCHIVE_WARN && result != ARCHIVE_EOF)
		entry(&u, e);
	if (result != ARCHIVE_EOF)
		broken(&u);
	if (!u.found && o->subdirectory)
		fail("its archive has no directory %s", o->subdirectory);
	if (!u.found && o->single)
		fail("its archive holds no file");
}
