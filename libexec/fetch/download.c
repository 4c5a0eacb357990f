#include "download.h"

#include "arrival.h"
#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "http.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* As often without a byte more, with twice the pause each time. */
enum { TRIES = 5, PAUSE_MS = 250 };

static void copy(const char *path, struct arrival *a)
{
	autoclose int fd = try_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK);
	static char buffer[1 << 16];
	struct stat st;
	ssize_t n;

	if (fd < 0)
		fail_sys("read as uid %u, without privileges", getuid());
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		fail("it is %s, and only a file can be fetched; make an archive of it",
		     S_ISDIR(st.st_mode) ? "a directory" : "no regular file");
	while ((n = read(fd, buffer, sizeof buffer)))
		if (n > 0)
			arrival_add(a, buffer, (size_t) n);
		else if (errno != EINTR)
			fail_sys("read %s", path);
}

/* false: there is no time left for it */
static bool pause_for(int64_t ms, int64_t until)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };
	if (clock_ms() + ms >= until)
		return false;
	nanosleep(&t, NULL);
	return true;
}

void download(const struct orders *all, const struct order *o, const char *from, int fd, struct digest *digest)
{
	struct arrival a = { fd, digest, 0, all->bytes };
	struct http h = { .order = o, .url = from, .arrival = &a, .until = clock_ms() + all->seconds * 1000 };
	int64_t best = 0, pause = PAUSE_MS;
	const char *why = "";

	if (*from == '/') {
		copy(from, &a);
		return;
	}
	for (int tries = 1;; tries++) {
		enum http_end end = http_get(&h, &why);
		if (end == HTTP_DONE)
			return;
		if (a.have > best) {
			tries = 1;
			pause = PAUSE_MS;
		}
		best = a.have > best ? a.have : best;
		if (end == HTTP_NEVER)
			fail("%s", why);
		if (tries == TRIES || !pause_for(pause, h.until))
			fail(tries > 1 ? "%s (after %d tries)" : "%s", why, tries);
		pause *= 2;
	}
}
