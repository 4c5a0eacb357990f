/* bivy-fetch: brings a task's artifacts into one directory.  bivy starts it with its orders (task/order.h); it gives up
 * every privilege, and sight of all but that directory, before it speaks to anybody.  What it says of a failure goes to
 * bivy, as "NUMBER why". */
#include "bar.h"
#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "confine.h"
#include "digest.h"
#include "download.h"
#include "task/order.h"
#include "unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *number = ""; /* of the order that is being carried out */

static void tell(enum kind kind, const char *message)
{
	(void) kind;
	if (dprintf(FETCH_TELL, "%s %s", number, message) < 0)
		_exit(2);
	_exit(1);
}

static int create(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0)
		fail_sys("create %s", name);
	return fd;
}

static void compare(const struct order *o, const char *kind, const char *wanted, struct digest *d)
{
	const char *got = digest_end(d);
	if (strcmp(got, wanted))
		fail("its %s checksum is %s, not %s%s; it is not what the job was written for, or the job has to be "
		     "changed",
		     kind, got, wanted, o->list ? " as its list of checksums says" : "");
}

/* An archive has no name while it is here. */
static int place_for(const struct order *o, int whole, int dir)
{
	if (!o->archive)
		return create(dir, o->name);
	int fd = create(whole, "archive");
	if (unlinkat(whole, "archive", 0) < 0)
		fail_sys("unlink the archive");
	return fd;
}

static void carry_out(const struct orders *all, const struct order *o)
{
	struct digest *digest = NULL;
	const char *kind = o->digest, *digits = o->digits;

	if (mkdirat(FETCH_DIRECTORY, number, 0755) < 0)
		fail_sys("make a directory");
	autoclose int dir = open_dir(FETCH_DIRECTORY, number);
	if (o->list) {
		autoclose int fd = create(FETCH_DIRECTORY, "sums");
		download(all, o, o->list, fd, NULL);
		digits = digest_listed(read_whole(FETCH_DIRECTORY, "sums"), o->listed, &kind);
		unlinkat(FETCH_DIRECTORY, "sums", 0);
	}
	if (kind)
		digest = digest_new(kind);
	autoclose int fd = place_for(o, FETCH_DIRECTORY, dir);
	download(all, o, o->source, fd, digest);
	if (digest)
		compare(o, kind, digits, digest);
	if (o->archive)
		unpack(all, o, fd, dir);
}

int main(void)
{
	fail_to(tell);
	/* An archive's names are bytes, or UTF-8; they are not to depend on whose locale this is. */
	setlocale(LC_CTYPE, "C.UTF-8");
	const struct orders *all = json_read("orders", read_whole(AT_FDCWD, "/proc/self/fd/0"), &orders_type);
	confine(all);
	if (all->quiet)
		bar_never();
	EACH(o, all->orders) {
		number = fmt("%td", o - all->orders);
		carry_out(all, *o);
	}
	_exit(0);
}
