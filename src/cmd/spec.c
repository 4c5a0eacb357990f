#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "oci/config.h"
#include "oci/default.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

struct spec {
	const char *bundle;
	bool rootless;
};

static struct id_mapping **only(uint32_t id)
{
	struct id_mapping *m = mem(sizeof *m);
	*m = (struct id_mapping){ .inside = 0, .outside = id, .size = 1 };
	return append(NULL, m);
}

static struct namespace **namespaces_of(struct namespace *const *all)
{
	struct namespace **list = NULL, *user = mem(sizeof *user);
	EACH(n, all)
		if ((*n)->flag != CLONE_NEWNET && (*n)->flag != CLONE_NEWUSER)
			list = append(list, *n);
	user->flag = CLONE_NEWUSER;
	return append(list, user);
}

/* The only id that such a user namespace has is 0. */
static const char **without_ids(const char *const *options)
{
	const char **list = NULL;
	EACH(o, options)
		if (!starts_with(*o, "uid=") && !starts_with(*o, "gid="))
			list = append(list, *o);
	return list;
}

/* A sysfs can only be mounted by who owns the network namespace, and that stays the host's. */
static struct mount **mounts_of(struct mount *const *all)
{
	static const char *options[] = { "rbind", "nosuid", "noexec", "nodev", "ro", NULL };
	static const struct mount sys = { .destination = "/sys", .type = "none", .source = "/sys", .options = options };
	struct mount **list = NULL;
	EACH(m, all) {
		if (starts_with((*m)->destination, "/sys"))
			continue;
		(*m)->options = without_ids((*m)->options);
		list = append(list, *m);
	}
	return append(list, &sys);
}

/* What needs no privilege on the host: the caller becomes root of a user namespace that knows nobody else. */
static const char *rootless(void)
{
	struct config *c = config_parse("the template", spec_config);
	struct linux_part *l = c->linux_part;

	l->namespaces = namespaces_of(l->namespaces);
	l->uid_mappings = only(geteuid());
	l->gid_mappings = only(getegid());
	l->resources = NULL;
	c->mounts = mounts_of(c->mounts);
	return json_text(c, &config_type, true);
}

static int run(const void *options, char **arguments)
{
	const struct spec *o = options;
	const char *path = fmt("%s/config.json", o->bundle ? o->bundle : ".");
	const char *words = o->rootless ? rootless() : spec_config;
	(void) arguments;

	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
	if (fd < 0 && errno == EEXIST)
		fail("%s already exists; remove it first", path);
	if (fd < 0)
		fail_sys("%s", path);
	write_all(fd, words, strlen(words), path);
	return 0;
}

static const struct option_row options[] = {
	{ "bundle", 'b', VALUE(spec, bundle, "BUNDLE"), "Write it in BUNDLE, not here" },
	{ "rootless", 0, FLAG(spec, rootless),
	  "Make it one for a caller without privileges: a user namespace of the caller alone" },
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
