#include "base/fail.h"
#include "base/fd.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/container.h"
#include "cli/globals.h"
#include "cmd/commands.h"
#include "sys/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct ps {
	const char *format;
};

struct pids_shown {
	const pid_t *at;
	size_t n;
};

static bool is_shown(const struct pids_shown *p, int64_t pid)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->at[i] == pid)
			return true;
	return false;
}

static void print_numbers(const struct pids_shown *p)
{
	putchar('[');
	for (size_t i = 0; i < p->n; i++)
		printf("%s%d", i ? "," : "", p->at[i]);
	puts("]");
}

static const char *read_all(int fd)
{
	struct text t = { 0 };
	char some[4096];
	ssize_t n;

	while ((n = read(fd, some, sizeof some)) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			text_add(&t, some, (size_t) n);
	return t.at ? t.at : "";
}

static const char *output_of(char **words)
{
	posix_spawn_file_actions_t files;
	int ends[2], status;
	pid_t child;

	if (pipe2(ends, O_CLOEXEC) < 0)
		fail_sys("pipe");
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_adddup2(&files, ends[1], 1);
	errno = posix_spawnp(&child, *words, &files, NULL, words, environ);
	if (errno)
		fail_sys("ps: the program %s", *words);
	posix_spawn_file_actions_destroy(&files);
	close(ends[1]);
	const char *all = read_all(ends[0]);
	close(ends[0]);
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		fail("ps: %s was not successful; what follows the ID are its own options", join((void *) words, " "));
	return all;
}

static const char **columns(const char *line)
{
	const char **list = NULL;
	EACH(word, split(line, ' '))
		if (**word)
			list = append(list, *word);
	return list;
}

static size_t pid_column(const char *heading)
{
	const char **names = columns(heading);
	EACH(name, names)
		if (same(*name, "PID"))
			return (size_t) (name - names);
	fail("ps: there is no column PID in \"%s\"; choose options of ps(1) that show it", heading);
}

/* Of what ps(1) says about all processes, the lines about these. */
static void print_table(const struct pids_shown *p, char **options)
{
	static char *const usual[] = { "ps", "-ef", NULL };
	char **words = append(NULL, "ps");
	EACH(option, options)
		words = append(words, *option);
	const char **lines = split(output_of(*options ? words : (char **) usual), '\n');
	if (!lines)
		fail("ps: ps(1) printed nothing");
	size_t column = pid_column(*lines);

	puts(*lines);
	EACH(line, lines + 1) {
		const char **parts = columns(*line);
		int64_t pid;
		if (count(parts) > column && number(parts[column], 1, INT32_MAX, &pid) && is_shown(p, pid))
			puts(*line);
	}
}

static int run(const void *options, char **arguments)
{
	const struct ps *o = options;
	const struct container *c = container_open(globals()->root, *arguments);
	struct pids_shown p = { 0 };

	if (!c->cgroup || !c->cgroup->hierarchies)
		fail("container \"%s\" has no cgroup, so its processes cannot be told from others", c->id);
	p.at = cgroup_pids(c->cgroup, &p.n);
	if (same(o->format, "json"))
		print_numbers(&p);
	else
		print_table(&p, arguments + 1);
	return 0;
}

static const struct option_row options[] = {
	{ "format", 'f', ONE_OF(ps, format, "table|json"), "Print what ps(1) says of them, or their numbers" },
	{ 0 },
};

const struct command command_ps = {
	.name = "ps",
	.arguments = "ID [PS-OPTION...]",
	.summary = "Show the processes of a container, by the numbers that the host has for them",
	.group = "Containers",
	.size = sizeof(struct ps),
	.options = options,
	.run = run,
	.least = 1,
	.most = -1,
};
