#include "arrival.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"

#include <unistd.h>

const char *size_words(int64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB" };
	double n = (double) bytes;
	size_t unit = 0;

	if (bytes < 1000)
		return fmt("%lld bytes", (long long) bytes);
	for (n /= 1000; n >= 1000 && unit < 3; unit++)
		n /= 1000;
	return fmt("%.1f %s", n, units[unit]);
}

void arrival_add(struct arrival *a, const void *from, size_t length)
{
	if (a->most && (int64_t) length > a->most - a->have)
		fail("it is larger than %s; http_max_size in the agent file's client.artifact allows more",
		     size_words(a->most));
	write_all(a->fd, from, length, "to the disk that it is for");
	if (a->digest)
		digest_add(a->digest, from, length);
	a->have += (int64_t) length;
}

void arrival_again(struct arrival *a)
{
	if (ftruncate(a->fd, 0) < 0 || lseek(a->fd, 0, SEEK_SET) < 0)
		fail_sys("begin again");
	if (a->digest)
		digest_again(a->digest);
	a->have = 0;
}
