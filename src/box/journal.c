#include "box/journal.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static void note(int dir, const char *line)
{
	autoclose int fd = try_open(dir, "journal", O_WRONLY | O_APPEND | O_CREAT);
	if (fd < 0)
		fail_sys("journal");
	write_all(fd, line, strlen(line), "journal");
}

void journal_bundle(int dir, const char *path) { note(dir, fmt("bundle %s\n", path)); }

void journal_cgroup(int dir, const char *path, const char *const *made)
{
	struct text t = { 0 };
	text_printf(&t, "cgroup %s\n", path);
	EACH(m, made)
		text_printf(&t, "made %s\n", *m);
	note(dir, t.at);
}

void journal_rdt(int dir, const char *path) { note(dir, fmt("rdt %s\n", path)); }

void journal_init(int dir, pid_t pid, uint64_t started)
{
	note(dir, fmt("init %d %llu\n", pid, (unsigned long long) started));
}

struct journal journal_read(int dir)
{
	struct journal j = { 0 };
	const char *lines = try_read_whole(dir, "journal");
	unsigned long long started;

	/* A line without its end was being written, so what it would have announced has not begun. */
	EACH(line, lines ? split(lines, '\n') : NULL) {
		if (!line[1])
			break;
		if (starts_with(*line, "bundle "))
			j.bundle = *line + 7;
		if (starts_with(*line, "cgroup "))
			j.cgroup = *line + 7;
		if (starts_with(*line, "made "))
			j.made = append(j.made, *line + 5);
		if (starts_with(*line, "rdt "))
			j.rdt = append(j.rdt, *line + 4);
		if (sscanf(*line, "init %d %llu", &j.init, &started) == 2)
			j.started = started;
	}
	return j;
}
