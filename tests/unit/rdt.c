/* linux.intelRdt: which class and group a container gets, the rules by which it is refused, and what is written where.
 * TAP.  resctrl is a directory of plain files, made as the kernel would make them; what the kernel's answers are is not
 * seen here. */
#include "sys/rdt.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOW "    MB:0=100;1= 50\n    L3:0=00fff;1=00ff0\n"

/* clang-format off */
static const struct row {
	const char *name;
	struct intel_rdt asked;
	const char *refused;  /* a part of the error; NULL: none */
	const char *dir;      /* the class, or else */
	const char *schemata; /* what its file says afterwards; NULL: as it was */
} rows[] = {
	{ "a class named by the container",      { .l3_schema = "L3:0=f" },                            NULL, "box", "L3:0=f\n" },
	{ "a class without limits",              { .monitoring = true },                               NULL, "box", NULL },
	{ "L3, then MB, then the others",        { .schemata = (const char *[]){ "L2:0=3", NULL }, .memory_schema = "MB:0=20",
						   .l3_schema = "L3:0=f" },                            NULL, "box", "L3:0=f\nMB:0=20\nL2:0=3\n" },
	{ "MB lines of the L3 schema are left",  { .l3_schema = "MB:0=70\nL3:0=f", .memory_schema = "MB:0=20" }, NULL, "box",
						   "L3:0=f\nMB:0=20\n" },
	{ "a class that is there",               { .clos_id = "gold" },                                NULL, "gold", NULL },
	{ "one that is there, the same",         { .clos_id = "gold", .l3_schema = "L3:0=fff;1=ff0" }, NULL, "gold", NULL },
	{ "the same in a part",                  { .clos_id = "gold", .memory_schema = "MB:1=50" },    NULL, "gold", NULL },
	{ "zeros before a value say nothing",    { .clos_id = "gold", .l3_schema = "L3:0=0FFF" },      NULL, "gold", NULL },
	{ "a new class by its name",             { .clos_id = "new", .memory_schema = "MB:0=20" },     NULL, "new", "MB:0=20\n" },
	{ "the default class",                   { .clos_id = "/", .monitoring = true },               NULL, "", NULL },
	{ "other L3",                            { .clos_id = "gold", .l3_schema = "L3:0=f" },         "exists with other schemata: \"L3:0=f\"" },
	{ "other MB",                            { .clos_id = "gold", .memory_schema = "MB:0=100;1=60" }, "exists with other schemata" },
	{ "a domain that is not there",          { .clos_id = "gold", .memory_schema = "MB:7=100" },   "exists with other schemata" },
	{ "a resource that is not there",        { .clos_id = "gold", .schemata = (const char *[]){ "L2:0=1", NULL } },
									       "exists with other schemata" },
	{ "no such class",                       { .clos_id = "none" },                                "there is no class" },
	{ "no such class to monitor in",         { .clos_id = "none", .monitoring = true },            "there is no class" },
};
/* clang-format on */

static void make_class(const char *dir, const char *schemata)
{
	make_dirs(AT_FDCWD, dir, 0755);
	make_dirs(AT_FDCWD, fmt("%s/mon_groups", dir), 0755);
	write_new(AT_FDCWD, fmt("%s/schemata", dir), schemata);
	write_new(AT_FDCWD, fmt("%s/tasks", dir), "");
}

static bool says(const char *file, const char *wanted)
{
	const char *now = try_read_whole(AT_FDCWD, file);
	if (now && same(now, wanted))
		return true;
	printf("# %s: \"%s\" instead of \"%s\"\n", file, now ? now : "(not there)", wanted);
	return false;
}

/* What box/rdt.c does, with the kernel's part of a mkdir between. */
static bool takes(const struct row *row, const char *root)
{
	struct rdt *t = rdt_names(root, "box", &row->asked);
	const char *before = t->has_class ? NOW : "";

	rdt_check(t, &row->asked);
	if (!t->has_class) {
		rdt_make(t, t->class);
		make_class(t->class, "");
	}
	rdt_limit(t);
	if (t->group) {
		rdt_make(t, t->group);
		write_new(AT_FDCWD, fmt("%s/tasks", t->group), "");
	}
	rdt_enter(t, 4711);
	const char *dir = *row->dir ? fmt("%s/%s", root, row->dir) : root;
	const char *group = fmt("%s/mon_groups/box", dir);
	return says(fmt("%s/schemata", dir), row->schemata ? row->schemata : before) &&
	       says(fmt("%s/tasks", dir), "4711") && t->own_class == !row->asked.clos_id &&
	       exists(AT_FDCWD, group) == row->asked.monitoring &&
	       (!row->asked.monitoring || says(fmt("%s/tasks", group), "4711"));
}

static const char *complaint; /* a file */

static void complain(enum kind kind, const char *message)
{
	(void) kind;
	write_new(AT_FDCWD, complaint, message);
}

/* In a process of its own: who fails leaves. */
static bool is_refused(const struct row *row, const char *root)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		fail_to(complain);
		rdt_check(rdt_names(root, "box", &row->asked), &row->asked);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	const char *said = try_read_whole(AT_FDCWD, complaint);
	printf("# %s\n", said ? said : "no complaint");
	return WIFEXITED(status) && WEXITSTATUS(status) && said && strstr(said, row->refused);
}

static bool is_removed(const char *root)
{
	const char *dir = fmt("%s/removed", root);
	make_dirs(AT_FDCWD, dir, 0755);
	return !try_rdt_remove(dir) && !exists(AT_FDCWD, dir) && !try_rdt_remove(dir) && try_rdt_remove(root) < 0;
}

static bool report(const char *name, bool ok)
{
	static unsigned number;
	printf("%sok %u - resctrl: %s\n", ok ? "" : "not ", ++number, name);
	return ok;
}

int main(void)
{
	size_t rows_count = sizeof rows / sizeof *rows;
	bool ok = true;

	setvbuf(stdout, NULL, _IONBF, 0);
	printf("1..%zu\n", rows_count + 3);
	for (size_t i = 0; i < rows_count; i++) {
		const char *dir = mkdtemp(text("/tmp/bivy-unit.XXXXXX")), *root = fmt("%s/resctrl", dir);
		complaint = fmt("%s/complaint", dir);
		make_class(root, NOW);
		make_class(fmt("%s/gold", root), NOW);
		ok &= report(rows[i].name, rows[i].refused ? is_refused(rows + i, root) : takes(rows + i, root));
		try_remove_tree(AT_FDCWD, dir);
	}
	const char *dir = mkdtemp(text("/tmp/bivy-unit.XXXXXX"));
	const struct row own = { .refused = "exists, and the container needs a class of that name" };
	const struct row group = { .asked = { .clos_id = "/", .monitoring = true }, .refused = "the monitored group" };
	complaint = fmt("%s/complaint", dir);
	make_class(dir, NOW);
	make_class(fmt("%s/box", dir), NOW);
	make_dirs(AT_FDCWD, fmt("%s/mon_groups/box", dir), 0755);
	ok &= report("a class of the container's name is another's", is_refused(&own, dir));
	ok &= report("a group of the container's name is another's", is_refused(&group, dir));
	ok &= report("what is removed is gone, and what is gone is no error", is_removed(dir));
	try_remove_tree(AT_FDCWD, dir);
	return !ok;
}
