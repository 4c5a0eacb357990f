/* What stands in a task's directories before it starts: templates and the dispatched payload. */
#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/draft.h"
#include "task/render.h"
#include "task/value.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGEST_PAYLOAD 16384 /* as in Nomad */

static struct placed where(const struct draft *d, const char *destination, struct position at)
{
	struct placed p = d->raw ? placed_at(destination, draft_task_dir(d), draft_shared_dir(d), at)
				 : placed_at(destination, "/", "/alloc", at);
	if (!d->raw && !p.shared && !chroot_may_hold(d->root, fmt("/%s", p.path)))
		hcl_fail(at, "destination \"%s\" is where the task sees a directory of the host's; write below local/",
			 destination);
	return p;
}

static mode_t mode_of(const struct template *t)
{
	char *end = "";
	struct position at = key_at(t->block, "perms");

	if (!t->perms || !*t->perms)
		return 0644;
	unsigned long mode = strtoul(t->perms, &end, 8);
	if (*end || mode > 0777 || *t->perms == '-' || *t->perms == '+')
		hcl_fail(at, "perms \"%s\" are none; write them in octal digits, such as \"600\", up to 777", t->perms);
	return (mode_t) mode;
}

static uint32_t id_of(const struct template *t, const char *key, const int64_t *asked, uint32_t otherwise)
{
	if (!asked || *asked == -1)
		return otherwise;
	if (*asked < 0 || *asked >= UINT32_MAX)
		hcl_fail(key_at(t->block, key), "%s is %lld; it can be 0 to 4294967294", key, (long long) *asked);
	return (uint32_t) *asked;
}

static struct placed *placed_template(const struct draft *d, const struct template *t, struct pair *const *names)
{
	struct position at = key_at(t->block, "destination");
	struct placed *p = mem(sizeof *p);

	*p = where(d, interpolate(names, t->destination, at), at);
	p->mode = mode_of(t);
	p->uid = id_of(t, "uid", t->uid, d->who.uid);
	p->gid = id_of(t, "gid", t->gid, d->who.gid);
	return p;
}

static struct position words_at(const struct template *t)
{
	const struct attribute *a = hcl_attribute(t->block, "data");
	return a ? a->value->at : t->block->at;
}

static void take_words(struct placed *p, const char *words)
{
	p->words = words;
	p->length = strlen(words);
}

static struct late_file *late_file(const struct template *t, struct placed *p, struct pair *const *names)
{
	struct late_file *l = mem(sizeof *l);
	*l = (struct late_file){ t, p, interpolate(names, t->source, key_at(t->block, "source")) };
	return l;
}

struct pair **draft_templates(struct draft *d, struct pair *const *host)
{
	struct pair **names = mem(sizeof *names), **env = mem(sizeof *env);

	EACH(e, d->env) {
		names = append(names, *e);
		env = append(env, *e);
	}
	EACH(h, host)
		names = append(names, *h);
	EACH(x, d->task->templates) {
		const struct template *t = *x;
		struct placed *p = placed_template(d, t, names);
		if (!t->data && t->env)
			hcl_fail(key_at(t->block, "env"),
				 "template with env = true: bivy reads its text from data only; "
				 "write data = <<EOF ... in it");
		if (!t->data) {
			d->late = append(d->late, late_file(t, p, names));
			continue;
		}
		take_words(p, render(t, t->data, d->env, words_at(t)));
		d->files = append(d->files, p);
		if (t->env)
			env = render_variables(env, p->words, words_at(t));
	}
	return env;
}

/* Looked for where Nomad looks first: below local/, and in the task directory. */
static bool is_command(const struct draft *d, const struct placed *p)
{
	const char *command = clean_path(d->settings->command), *path = fmt("/%s", p->path);
	return !p->shared && (same(path, command) || same(path, fmt("/local%s", command)));
}

bool draft_brings_command(const struct draft *d)
{
	bool brings = false;
	EACH(f, d->files)
		brings |= is_command(d, *f);
	EACH(t, d->task->templates)
		brings |= !(*t)->data && same(base_name((*t)->destination), base_name(d->settings->command));
	return brings;
}

/* A file of the task's, which it or an artifact may have made: nothing is followed out of its directory. */
static const char *read_source(const struct template *t, const char *source, int task_dir, const struct account *who)
{
	struct position at = key_at(t->block, "source");
	struct stat st;
	autoclose int fd = try_open_in_root(task_dir, source, O_RDONLY | O_NONBLOCK);

	if (fd < 0)
		hcl_fail(at,
			 "template source \"%s\" is not in the task directory (%m); an artifact can bring it into "
			 "local/",
			 source);
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		hcl_fail(at, "template source \"%s\" is no regular file", source);
	/* A hard link may be to a file of somebody's that the task itself cannot read. */
	if (st.st_nlink > 1 && st.st_uid != who->uid)
		hcl_fail(at,
			 "template source \"%s\" has another name, and belongs to uid %u, not to the task's; copy it",
			 source, st.st_uid);
	return read_whole(AT_FDCWD, fmt("/proc/self/fd/%d", fd));
}

struct placed **draft_late_files(const struct draft *d, int task_dir)
{
	struct placed **files = NULL;
	EACH(x, d->late) {
		const struct late_file *l = *x;
		struct position at = { l->source, 1, 1 };
		const char *words = read_source(l->template, l->source, task_dir, &d->who);
		take_words(l->placed, render(l->template, words, d->env, at));
		files = append(files, l->placed);
	}
	return files;
}

static void read_payload(const struct draft *d, struct placed *p)
{
	char *words = mem(LARGEST_PAYLOAD + 1);
	autoclose int fd = same(d->payload, "-") ? fd_copy_from(0, 3) : try_open(AT_FDCWD, d->payload, O_RDONLY);
	ssize_t n = 1;

	if (fd < 0)
		fail_sys("--payload %s", d->payload);
	for (; n > 0 && p->length <= LARGEST_PAYLOAD; p->length += n > 0 ? (size_t) n : 0)
		n = read(fd, words + p->length, LARGEST_PAYLOAD + 1 - p->length);
	if (n < 0)
		fail_sys("--payload %s", d->payload);
	if (p->length > LARGEST_PAYLOAD)
		fail("--payload %s: it is larger than %d bytes, the most that a payload may be; let an artifact bring "
		     "it",
		     d->payload, LARGEST_PAYLOAD);
	p->words = words;
}

void draft_payload(struct draft *d, struct pair *const *names)
{
	const struct dispatch_payload *asked = d->task->payload;

	if (!asked || !d->payload)
		return;
	struct position at = key_at(asked->block, "file");
	const char *file = interpolate(names, asked->file, at);
	struct placed *p = mem(sizeof *p);
	*p = where(d, d->raw ? fmt("local/%s", file) : clean_path(fmt("/local/%s", file)), at);
	if (!starts_with(p->path, "local/"))
		hcl_fail(at, "dispatch_payload: file \"%s\" leaves local/; name a file below it", file);
	p->mode = 0644;
	p->uid = d->who.uid;
	p->gid = d->who.gid;
	read_payload(d, p);
	d->files = append(d->files, p);
}
