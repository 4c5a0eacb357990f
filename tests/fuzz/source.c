/* Sources of artifacts and their checksums: whatever is written there, what comes out names one file. */
#include "base/text.h"
#include "fuzz.h"
#include "task/source.h"

static void read_source(const char *words)
{
	struct pair filename = { "filename", words }, archive = { "archive", "tgz" };
	struct pair *options[] = { &archive, strlen(words) % 2 ? &filename : NULL, NULL };
	struct position at = { "job.hcl", 1, 1 };
	struct order o = { 0 };

	source_read(&o, at, words, strlen(words) % 3 ? NULL : options);
	if (!*o.name || strchr(o.name, '/') || same(o.name, "..") || same(o.name, "."))
		__builtin_trap();
	if (*o.source != '/' && strncasecmp(o.source, "http", 4))
		__builtin_trap();
	if (o.digest && strlen(o.digits) < 32)
		__builtin_trap();
	source_shown(words);
}

static void read_checksum(const char *words)
{
	struct position at = { "job.hcl", 1, 1 };
	struct order o = { 0 };

	checksum_read(&o, at, words);
	if (!o.digest == !o.list)
		__builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	run(data, size, read_source);
	return run(data, size, read_checksum);
}
