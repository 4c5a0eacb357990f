#include "task/allowance.h"

#include "base/mem.h"
#include "base/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <strings.h>

/* clang-format off */
const struct keys allowance_keys = { .noun = "artifact of the client", .size = sizeof(struct allowance), ROWS(
	{ "http_read_timeout",              NULL, KEY_DURATION(allowance, timeout) },
	{ "http_max_size",                  NULL, KEY_TEXT(allowance, size) },
	{ "decompression_size_limit",       NULL, KEY_TEXT(allowance, unpacked_size) },
	{ "decompression_file_count_limit", NULL, KEY_NUMBER(allowance, unpacked_files) },
	{ "gcs_timeout",                    NULL, NO_KEY }, { "git_timeout", NULL, NO_KEY },
	{ "hg_timeout",                     NULL, NO_KEY }, { "s3_timeout",  NULL, NO_KEY },
	{ "disable_filesystem_isolation",   NULL, IDLE },
	{ "filesystem_isolation_extra_paths", NULL, IDLE },
	{ "set_environment_variables",      NULL, IDLE }) };

static const struct { const char *word; int64_t bytes; } units[] = {
	{ "", 1 }, { "B", 1 }, { "kB", 1000 }, { "MB", 1000000 }, { "GB", 1000000000 }, { "TB", 1000000000000 },
	{ "KiB", (int64_t) 1 << 10 }, { "MiB", (int64_t) 1 << 20 }, { "GiB", (int64_t) 1 << 30 }, { "TiB", (int64_t) 1 << 40 },
	{ 0 },
};
/* clang-format on */

static int64_t size_of(const struct allowance *a, const char *key, const char *said)
{
	char *unit;
	double n = strtod(said, &unit);

	while (*unit == ' ')
		unit++;
	for (size_t i = 0; isdigit((unsigned char) *said) && units[i].word; i++)
		if (!strcasecmp(unit, units[i].word) && n * (double) units[i].bytes < 9e18)
			return (int64_t) (n * (double) units[i].bytes);
	hcl_fail(key_at(a->block, key), "%s \"%s\" is no size; write it as \"100GB\" or \"512MiB\"", key, said);
}

struct allowance allowance_of(const struct allowance *asked)
{
	struct allowance a = asked ? *asked : (struct allowance){ 0 };

	/* A second at least: 0 would be no time at all. */
	a.seconds = !a.timeout ? 1800 : *a.timeout < 1000000000 ? 1 : *a.timeout / 1000000000;
	a.bytes = size_of(&a, "http_max_size", a.size ? a.size : "100GB");
	a.unpacked_bytes = size_of(&a, "decompression_size_limit", a.unpacked_size ? a.unpacked_size : "100GB");
	a.most_files = a.unpacked_files ? *a.unpacked_files : 4096;
	return a;
}
