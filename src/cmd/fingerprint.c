#include "base/mem.h"
#include "base/text.h"
#include "cmd/commands.h"
#include "sys/ability.h"
#include "task/document.h"
#include "task/environment.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct fingerprint {
	const char *client, *format;
};

/* What an exec task is refused without, and what would only have isolated or served it better. */
/* clang-format off */
static const char *const required[] = {
	"namespace mount", "namespace pid", "namespace ipc", "namespace uts", "namespace cgroup", "mounts by descriptor",
	"read-only trees", "seccomp", "no new privileges", NULL,
};
static const char *const wished[] = {
	"capabilities", "cgroup controllers", "namespace network", "landlock", NULL,
};
/* clang-format on */

static struct driver_health *driver(const char *name, enum health h, const char *description, const char *remedy)
{
	struct driver_health *d = mem(sizeof *d);
	*d = (struct driver_health){ .name = name, .health = h, .description = description, .remedy = remedy };
	return d;
}

static const struct ability *first_missing(struct ability *const *all)
{
	EACH(name, required) {
		const struct ability *a = ability_named(all, *name);
		if (!a || !a->found)
			return a;
	}
	return NULL;
}

static const char **limits(struct ability *const *all)
{
	const char **names = NULL;
	EACH(name, wished) {
		const struct ability *a = ability_named(all, *name);
		if (a && a->why)
			names = append(names, a->name);
	}
	return names;
}

static struct driver_health *exec_health(struct ability *const *all)
{
	const struct ability *cgroups = ability_named(all, "cgroups"), *missing = first_missing(all);

	if (geteuid() != 0)
		return driver("exec", UNDETECTED, "Driver must run as root", "run bivy as root");
	if (!cgroups->found)
		return driver("exec", UNHEALTHY, "Failed to discover cgroup mount point", cgroups->remedy);
	if (cgroups->why)
		return driver("exec", UNHEALTHY, fmt("cgroups: %s", cgroups->why), cgroups->remedy);
	if (missing)
		return driver("exec", UNHEALTHY, fmt("%s: %s", missing->name, missing->why), missing->remedy);
	struct driver_health *d = driver("exec", HEALTHY, "Healthy", NULL);
	d->limits = limits(all);
	return d;
}

static struct driver_health *raw_health(const struct agent *a, const struct ability *cgroups)
{
	if (!a->raw_exec.enabled)
		return driver("raw_exec", UNDETECTED, "disabled",
			      "plugin \"raw_exec\" { config { enabled = true } } in the agent file (--client)");
	if (geteuid() != 0)
		return driver("raw_exec", UNHEALTHY, "without root there is no cgroup that ends with the task",
			      "run bivy as root");
	if (!cgroups->found)
		return driver("raw_exec", UNHEALTHY, "Failed to discover cgroup mount point", cgroups->remedy);
	return driver("raw_exec", HEALTHY, "Healthy", NULL);
}

/* As jobs name them, without "attr.". */
static struct pair **attributes(const struct agent *a, const struct hostfacts *f)
{
	struct pair **names = mem(sizeof *names);

	EACH(h, host_names(a))
		if (starts_with((*h)->key, "attr.") && !starts_with((*h)->key, "attr.driver."))
			names = names_set(names, (*h)->key + strlen("attr."), (*h)->value);
	EACH(d, f->drivers)
		if ((*d)->health != UNDETECTED)
			names = names_set(names, fmt("driver.%s", (*d)->name), "1");
	const struct ability *cgroups = ability_named(f->abilities, "cgroups");
	return cgroups->found ? names_set(names, "unique.cgroup.version", cgroups->found) : names;
}

static struct hostfacts *find_out(const char *client)
{
	struct hostfacts *f = mem(sizeof *f);
	const struct agent *a = agent_parse(client, client ? document_read(client) : NULL);

	f->abilities = abilities();
	f->drivers = append(f->drivers, exec_health(f->abilities));
	f->drivers = append(f->drivers, raw_health(a, ability_named(f->abilities, "cgroups")));
	f->attributes = attributes(a, f);
	return f;
}

/* Why and remedy stand beside what they are about, or below it where that is long. */
static void line(const char *name, const char *found, const char *why, const char *remedy)
{
	const char *end = fmt("%s%s%s", why ? why : "", why && remedy ? "; " : "", remedy ? remedy : "");
	const char *gap = strlen(found) > 11 ? fmt("\n%37s", "") : fmt("%*s", 12 - (int) strlen(found), "");

	printf("%-24s %s%s%s\n", name, found, *end ? gap : "", end);
}

static void print_table(const struct hostfacts *f)
{
	EACH(d, f->drivers)
		line(fmt("driver %s", (*d)->name), value_word(health_names, (*d)->health),
		     same((*d)->description, "Healthy") ? (*d)->limits ? "less than it could be" : NULL
							: (*d)->description,
		     (*d)->limits ? join((*d)->limits, ", ") : (*d)->remedy);
	puts("");
	EACH(a, f->abilities)
		line((*a)->name, (*a)->found ? (*a)->found : "no", (*a)->why, (*a)->remedy);
}

static int run(const void *options, char **arguments)
{
	const struct fingerprint *o = options;
	const struct hostfacts *f = find_out(o->client);
	(void) arguments;

	if (same(o->format, "json"))
		json_print(f, &hostfacts_type);
	else
		print_table(f);
	return 0;
}

static const struct option_row rows[] = {
	{ "client", 0, VALUE(fingerprint, client, "FILE"),
	  "Take the agent's settings from FILE: which drivers may run" },
	{ "format", 'f', ONE_OF(fingerprint, format, "table|json"), "Print a table, or a JSON document" },
	{ 0 },
};

const struct command command_fingerprint = {
	.name = "fingerprint",
	.arguments = "",
	.summary = "Print which drivers work on this host and what isolates there, with reasons; needs no root",
	.group = "Tasks",
	.size = sizeof(struct fingerprint),
	.options = rows,
	.run = run,
	.options_anywhere = true,
};
