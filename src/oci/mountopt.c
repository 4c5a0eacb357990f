#include "oci/mountopt.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"

#include <linux/mount.h>
#include <string.h>

/* sys/mount.h and linux/mount.h cannot be had together in every libc, so the few MS_ flags that are asked about stand
 * here. */
enum {
	FLAG_REMOUNT = 1 << 5,
	FLAG_BIND = 1 << 12,
	FLAG_REC = 1 << 14,
	FLAG_SILENT = 1 << 15,
	FLAG_PROPAGATION = 1 << 17 | 1 << 18 | 1 << 19 | 1 << 20,
};

struct word {
	const char *word;
	unsigned long flags;
	bool inverted;
};

/* clang-format off */
static const struct word words[] = {
#include "mountopt_table.h"
	{ 0 }
};

/* What a flag of mount(2) is for mount_setattr(2).  The three ways of keeping access times are one field, MOUNT_ATTR__ATIME. */
static const struct {
	unsigned long flag;
	uint64_t set, field;
} attribute_of[] = {
	{ 1 << 0,  MOUNT_ATTR_RDONLY,      MOUNT_ATTR_RDONLY },
	{ 1 << 1,  MOUNT_ATTR_NOSUID,      MOUNT_ATTR_NOSUID },
	{ 1 << 2,  MOUNT_ATTR_NODEV,       MOUNT_ATTR_NODEV },
	{ 1 << 3,  MOUNT_ATTR_NOEXEC,      MOUNT_ATTR_NOEXEC },
	{ 1 << 8,  MOUNT_ATTR_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW },
	{ 1 << 10, MOUNT_ATTR_NOATIME,     MOUNT_ATTR__ATIME },
	{ 1 << 11, MOUNT_ATTR_NODIRATIME,  MOUNT_ATTR_NODIRATIME },
	{ 1 << 21, MOUNT_ATTR_RELATIME,    MOUNT_ATTR__ATIME },
	{ 1 << 24, MOUNT_ATTR_STRICTATIME, MOUNT_ATTR__ATIME },
};

/* These describe the filesystem, not the mount: fsconfig(2) takes them under their own names. */
static const char *const super_words[] = { "sync", "async", "dirsync", "lazytime", "nolazytime", "mand", "nomand", NULL };
static const char *const ignored_words[] = { "defaults", "silent", "loud", "iversion", "noiversion", NULL };
static const char *const own_words[] = { "idmap", "ridmap", "tmpcopyup", NULL };
/* clang-format on */

static const struct word *find(const char *word)
{
	for (const struct word *w = words; w->word; w++)
		if (!strcmp(w->word, word))
			return w;
	return NULL;
}

/* An inverted word puts the field back to what the kernel has without it: "atime" is relatime. */
static bool apply(struct attributes *a, const struct word *w)
{
	for (size_t i = 0; i < sizeof attribute_of / sizeof *attribute_of; i++) {
		if (attribute_of[i].flag != w->flags)
			continue;
		a->set &= ~attribute_of[i].field;
		a->clear |= attribute_of[i].field;
		if (!w->inverted)
			a->set |= attribute_of[i].set;
		return true;
	}
	return false;
}

static bool is_recursive(const char *word, struct attributes *a)
{
	const struct word *w = *word == 'r' ? find(word + 1) : NULL;
	return w && apply(a, w);
}

/* The runtime's own: no flag of mount(2). */
static bool is_own(struct mount_options *o, const char *word)
{
	o->idmap |= same(word, "idmap") || same(word, "ridmap");
	o->recursive_idmap |= same(word, "ridmap");
	o->copy_up |= same(word, "tmpcopyup");
	return contains_word(own_words, word);
}

static void read_word(struct mount_options *o, const char *word)
{
	const struct word *w = find(word);

	if (contains_word(ignored_words, word) || is_own(o, word))
		return;
	if (contains_word(super_words, word))
		o->super = append(o->super, word);
	else if (w && w->flags & FLAG_REMOUNT)
		o->remount = true;
	else if (w && w->flags & FLAG_BIND)
		o->bind = true, o->recursive_bind |= !!(w->flags & FLAG_REC);
	else if (w && w->flags & FLAG_PROPAGATION)
		o->propagation = w->flags;
	else if (!(w && apply(&o->here, w)) && !is_recursive(word, &o->below))
		o->data = append(o->data, word);
}

struct mount_options mount_options_read(const struct mount *m, const char *where)
{
	struct mount_options o = { .bind = same(m->type, "bind") };

	EACH(option, m->options) {
		/* A quoted value, such as an SELinux context, keeps its commas. */
		if (strchr(*option, '"') || !strchr(*option, ','))
			read_word(&o, *option);
		else
			EACH(word, split(*option, ','))
				read_word(&o, *word);
	}
	o.idmap |= count(m->uid_mappings) || count(m->gid_mappings);
	if (o.idmap && o.remount)
		fail("%s.options: a remount cannot change id mappings", where);
	if (o.copy_up && !same(m->type, "tmpfs"))
		fail("%s.options: \"tmpcopyup\" is for a tmpfs only", where);
	if (o.bind && o.data)
		fail("%s.options: a bind mount has no option \"%s\"", where, *o.data);
	return o;
}

bool mount_is_bind(const struct mount *m)
{
	static const char *const binds[] = { "bind", "rbind", NULL };
	EACH(option, m->options)
		if (contains_word(binds, *option))
			return true;
	return same(m->type, "bind");
}

const char **mount_option_words(void)
{
	const char **all = NULL;
	for (const struct word *w = words; w->word; w++) {
		struct attributes ignored = { 0 };
		all = append(all, w->word);
		if (apply(&ignored, w))
			all = append(all, fmt("r%s", w->word));
	}
	for (const char *const *word = own_words; *word; word++)
		all = append(all, *word);
	return all;
}
