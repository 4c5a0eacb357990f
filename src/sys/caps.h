/* Capability sets: the names of config.json as the kernel's bit masks (capabilities(7)).  Runs on the host; bivy-init
 * sets them. */
#pragma once
#include "oci/config.h"

struct caps {
	uint64_t bounding, effective, inheritable, permitted, ambient;
};

int cap_last(void);               /* the kernel's highest capability number */
const char *cap_name(int number); /* "CAP_CHOWN"; a number that libcap has no name for is "CAP_41" */
const char **cap_names(void);     /* all that this kernel has, in its order */

/* What can be handed to a container: all that this process has itself, or every capability there is when the container
 * has a user namespace of its own, in which its first process begins with a full set (user_namespaces(7)). */
uint64_t caps_grantable(bool own_user_namespace);

/* The five masks.  A name that the kernel does not know, one that is not grantable, and one that its other sets rule
 * out (effective without permitted, inheritable without bounding, ambient without both) is left out with a warning that
 * names it, as the runtime-spec has it since 1.1. */
struct caps caps_read(const struct capability_sets *, uint64_t grantable);
