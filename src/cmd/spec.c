#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "cmd/commands.h"
#include "oci/default.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

struct spec {
	const char *bundle;
};

static int run(const void *options, char **arguments)
{
	const struct spec *o = options;
	const char *path = fmt("%s/config.json", o->bundle ? o->bundle : ".");
	(void) arguments;

	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		fail("%s already exists; remove it first", path);
	if (fd < 0)
		fail_sys("%s", path);
	write_all(fd, spec_config, strlen(spec_config), path);
	return 0;
}

static const struct option_row options[] = {
	{ "bundle", 'b', VALUE(spec, bundle, "BUNDLE"), "Write it in BUNDLE, not here" },
	{ 0 },
};

const struct command command_spec = {
	.name = "spec",
	.arguments = "",
	.summary = "Write a config.json to begin with",
	.group = "Bundles",
	.size = sizeof(struct spec),
	.options = options,
	.run = run,
	.options_anywhere = true,
};
