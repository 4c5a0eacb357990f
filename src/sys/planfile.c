#include "sys/planfile.h"

#include "base/fail.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/proc.h"
#include "base/text.h"
#include "sys/plan.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define USUAL_UMASK 022

static void seal(int fd, const char *what)
{
	if (fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE))
		fail_sys("seal the copy of %s", what);
}

/* Kernels before 6.3 know neither of the two flags, and later ones may warn about, or refuse, a memfd without (sysctl
 * vm.memfd_noexec). */
static int memory_file(const char *name, unsigned flag)
{
	int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | flag);
	if (fd < 0 && errno == EINVAL)
		fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (fd < 0)
		fail_sys("a file in memory for %s", name);
	return fd;
}

/* The bytes grow behind the struct, which is put in its place at the end. */
struct draft {
	struct plan plan;
	struct text bytes;
};

static uint32_t place(struct draft *d, const void *from, size_t size)
{
	static const char zeros[8];

	text_add(&d->bytes, zeros, -d->bytes.length & 7);
	size_t at = d->bytes.length;
	if (at + size > INT32_MAX)
		fail("the program's arguments and environment: more than a plan can hold");
	text_add(&d->bytes, from, size);
	return (uint32_t) at;
}

static uint32_t place_text(struct draft *d, const char *s) { return s ? place(d, s, strlen(s) + 1) : 0; }

static uint32_t place_list(struct draft *d, const char *const *list)
{
	size_t n = count(list);
	uint64_t *offsets = mem((n + 1) * sizeof *offsets);

	for (size_t i = 0; i < n; i++)
		offsets[i] = place_text(d, list[i]);
	return place(d, offsets, (n + 1) * sizeof *offsets);
}

static void place_hooks(struct draft *d, struct hook *const *hooks, const char *state)
{
	struct plan_hook *rows = mem((count(hooks) + 1) * sizeof *rows), *row = rows;

	EACH(h, hooks) {
		row->path = place_text(d, (*h)->path);
		row->args = place_list(d, (const char *const *) (*h)->args);
		row->env = place_list(d, (const char *const *) (*h)->env);
		row++->timeout = (*h)->timeout ? *(*h)->timeout : 0;
	}
	d->plan.hook_count = (uint32_t) count(hooks);
	d->plan.hooks = place(d, rows, count(hooks) * sizeof *rows);
	d->plan.hook_state = place_text(d, state);
}

static void place_attributes(struct draft *d, struct attribute *const *all)
{
	struct plan_attribute *rows = mem((count(all) + 1) * sizeof *rows), *row = rows;

	EACH(a, all)
		*row++ = (struct plan_attribute){ place_text(d, (*a)->file), place_text(d, (*a)->value) };
	d->plan.attribute_count = (uint32_t) count(all);
	d->plan.attributes = place(d, rows, count(all) * sizeof *rows);
}

static void place_user(struct draft *d, const struct user *u, bool keep_groups)
{
	static const struct user root;
	size_t n = 0;

	if (!u)
		u = &root;
	uint32_t *groups = mem((count(u->groups) + 1) * sizeof *groups);
	EACH(g, u->groups)
		groups[n++] = **g;
	d->plan.uid = u->uid;
	d->plan.gid = u->gid;
	d->plan.set_groups = !keep_groups;
	d->plan.group_count = (uint32_t) n;
	d->plan.groups = place(d, groups, n * sizeof *groups);
	/* The caller's own is not the program's concern. */
	d->plan.umask_set = true;
	d->plan.umask = u->umask ? *u->umask : USUAL_UMASK;
}

static void place_caps(struct draft *d, const struct caps *c)
{
	if (!c)
		return;
	d->plan.caps_set = true;
	d->plan.last_cap = (uint32_t) cap_last();
	d->plan.bounding = c->bounding;
	d->plan.effective = c->effective;
	d->plan.inheritable = c->inheritable;
	d->plan.permitted = c->permitted;
	d->plan.ambient = c->ambient;
}

static void place_filter(struct draft *d, const struct filter *f)
{
	if (!f)
		return;
	d->plan.filter = place(d, f->code, f->length * sizeof *f->code);
	d->plan.filter_length = f->length;
	d->plan.filter_flags = f->flags;
}

static void place_program(struct draft *d, const struct init_work *w)
{
	d->plan.no_new_privileges = w->process->no_new_privileges;
	d->plan.cwd = place_text(d, w->process->cwd);
	d->plan.program = place_text(d, w->program);
	d->plan.args = place_list(d, (const char *const *) w->process->args);
	d->plan.env = place_list(d, (const char *const *) w->process->env);
}

int plan_write(const struct init_work *w)
{
	struct draft d = {
		.plan = { .magic = PLAN_MAGIC,
			  .start_fd = w->start_fd,
			  .peer_fd = w->peer_fd,
			  .attr_fd = w->attr_fd,
			  .keep_fds = w->keep_fds,
			  .reaper = w->reaper },
	};
	place(&d, &d.plan, sizeof d.plan);
	place_hooks(&d, w->hooks, w->state);
	place_attributes(&d, w->attributes);
	place_user(&d, w->process->user, w->keep_groups);
	place_caps(&d, w->caps);
	place_filter(&d, w->filter);
	place_program(&d, w);
	d.plan.size = (uint32_t) d.bytes.length;
	memcpy(d.bytes.at, &d.plan, sizeof d.plan);

	int fd = memory_file("bivy-plan", MFD_NOEXEC_SEAL);
	write_all(fd, d.bytes.at, d.bytes.length, "the plan for bivy-init");
	seal(fd, "the plan");
	return fd;
}

int init_memfd(void)
{
	autoclose int from = helper_open("bivy-init");
	struct stat st;
	int fd = memory_file("bivy-init", MFD_EXEC);

	if (fstat(from, &st))
		fail_sys("bivy-init");
	for (off_t left = st.st_size; left > 0;) {
		ssize_t n = sendfile(fd, from, NULL, (size_t) left);
		if (n <= 0)
			fail_sys("copy of bivy-init");
		left -= n;
	}
	seal(fd, "bivy-init");
	return fd;
}
