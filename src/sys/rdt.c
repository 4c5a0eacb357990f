#include "sys/rdt.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

const char *rdt_root(void)
{
	/* "... MOUNT_POINT OPTIONS ... - resctrl ...": proc(5), mountinfo */
	EACH(line, split(read_whole(AT_FDCWD, "/proc/self/mountinfo"), '\n'))
		if (strstr(*line, " - resctrl "))
			return split(*line, ' ')[4];
	fail("linux.intelRdt: no resctrl is mounted: the machine has none, or `mount -t resctrl resctrl "
	     "/sys/fs/resctrl` was not done");
}

/* Lines of the caches, which may not speak of the memory; the memory's; the others: runtime-spec. */
static const char *schemata_of(const struct intel_rdt *r)
{
	struct text t = { 0 };

	EACH(line, r->l3_schema ? split(r->l3_schema, '\n') : NULL)
		if (**line && !starts_with(trim(*line), "MB:"))
			text_printf(&t, "%s\n", *line);
	if (r->memory_schema)
		text_printf(&t, "%s\n", r->memory_schema);
	EACH(line, r->schemata)
		text_printf(&t, "%s\n", *line);
	return t.at;
}

struct rdt *rdt_names(const char *root, const char *id, const struct intel_rdt *r)
{
	const char *name = r->clos_id ? r->clos_id : id;
	struct rdt *t = mem(sizeof *t);

	*t = (struct rdt){ .root = root, .own_class = !r->clos_id, .schemata = schemata_of(r) };
	t->class = same(name, "/") ? root : fmt("%s/%s", root, name);
	t->has_class = exists(AT_FDCWD, t->class);
	t->group = r->monitoring ? fmt("%s/mon_groups/%s", t->class, id) : NULL;
	return t;
}

/* "00ff" is "ff", and " 50" is "50": the kernel pads. */
static bool same_value(const char *a, const char *b)
{
	a += strspn(a, " 0");
	b += strspn(b, " 0");
	return !strcasecmp(a, b);
}

/* The value of one domain, as "0" of "0=ff;1=f0"; NULL: it has none. */
static const char *domain_value(const char *domains, const char *domain, size_t length)
{
	EACH(d, split(domains, ';')) {
		const char *pair = trim(*d);
		if (!strncmp(pair, domain, length) && pair[length] == '=')
			return pair + length + 1;
	}
	return NULL;
}

/* A line for the same resource; the kernel indents them. */
static const char *line_of(const char *lines, const char *resource, size_t length)
{
	EACH(l, split(lines, '\n')) {
		const char *line = trim(*l);
		if (!strncmp(line, resource, length) && line[length] == ':')
			return line + length + 1;
	}
	return NULL;
}

static bool holds(const char *now, const char *line)
{
	size_t name = strcspn(line, ":");
	const char *has = line_of(now, line, name);

	EACH(d, has ? split(line + name + (line[name] == ':'), ';') : NULL) {
		const char *want = trim(*d);
		size_t domain = strcspn(want, "=");
		const char *value = domain_value(has, want, domain);
		if (!*want)
			continue;
		if (!value || !want[domain] || !same_value(value, want + domain + 1))
			return false;
	}
	return has;
}

static void check_same(const struct rdt *t, const char *id)
{
	const char *now = read_whole(AT_FDCWD, fmt("%s/schemata", t->class));

	EACH(line, split(t->schemata, '\n'))
		if (**line && !holds(now, trim(*line)))
			fail("linux.intelRdt: the class %s exists with other schemata: \"%s\" is not among them", id,
			     trim(*line));
}

void rdt_check(const struct rdt *t, const struct intel_rdt *r)
{
	if (!r->clos_id && t->has_class)
		fail("linux.intelRdt: %s exists, and the container needs a class of that name for itself; give a "
		     "closID",
		     t->class);
	if (r->clos_id && !t->schemata && !t->has_class)
		fail("linux.intelRdt.closID: there is no class %s, and no schemata to make it with", t->class);
	if (r->clos_id && t->schemata && t->has_class)
		check_same(t, r->clos_id);
	if (t->group && exists(AT_FDCWD, t->group))
		fail("linux.intelRdt: the monitored group %s exists", t->group);
}

/* resctrl says in a file what it did not like. */
static _Noreturn void refused(const struct rdt *t, const char *what, const char *which)
{
	int error = errno;
	const char *said = try_read_whole(AT_FDCWD, fmt("%s/info/last_cmd_status", t->root));

	said = said ? trim(said) : "";
	if (*said && !same(said, "ok"))
		fail("linux.intelRdt: %s %s: %s (%s)", what, which, strerror(error), said);
	errno = error;
	fail_sys("linux.intelRdt: %s %s", what, which);
}

void rdt_make(const struct rdt *t, const char *dir)
{
	if (mkdir(dir, 0755) < 0)
		refused(t, "make", dir);
}

void rdt_limit(const struct rdt *t)
{
	if (t->schemata && !t->has_class && try_write_file(AT_FDCWD, fmt("%s/schemata", t->class), t->schemata) < 0)
		refused(t, "write the schemata of", t->class);
}

void rdt_enter(const struct rdt *t, pid_t pid)
{
	const char *number = fmt("%d", pid);

	/* The class first: a group takes only processes of its own class. */
	if (try_write_file(AT_FDCWD, fmt("%s/tasks", t->class), number) < 0)
		refused(t, "put the process into", t->class);
	if (t->group && try_write_file(AT_FDCWD, fmt("%s/tasks", t->group), number) < 0)
		refused(t, "put the process into", t->group);
}

int try_rdt_remove(const char *dir) { return rmdir(dir) < 0 && errno != ENOENT ? -1 : 0; }
