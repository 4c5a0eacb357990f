/* The options of a mount (runtime-spec, "Linux mount options"), sorted by who takes them.  The words of mount(8) are
 * libmount's own, taken over at build time; the recursive ones of the runtime-spec ("rro") are made from them. */
#pragma once
#include "oci/config.h"

struct attributes {
	uint64_t set, clear; /* MOUNT_ATTR_*, for mount_setattr(2) */
};

struct mount_options {
	bool bind, recursive_bind, remount;
	bool idmap, recursive_idmap;   /* recursive alone implies the other */
	bool copy_up;                  /* a tmpfs begins with what stood at its place */
	struct attributes here, below; /* this mount alone; it and all mounts below it */
	uint64_t propagation;          /* MS_SHARED and so on, perhaps with MS_REC; 0: unset */
	const char **super;            /* flags of the filesystem as fsconfig(2) spells them: "sync", "dirsync" */
	const char **data;             /* the rest, "key=value" or "flag", for the filesystem */
};

/* where: the JSON path for errors, as "mounts[3]".  Fails on what is not supported. */
struct mount_options mount_options_read(const struct mount *, const char *where);
bool mount_is_bind(const struct mount *);

const char **mount_option_words(void); /* every word there is, for `features` and the completions */
