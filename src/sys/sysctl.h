/* linux.sysctl.  Keys are written with dots; who needs a dot in a name writes slashes between them (sysctl(8)). */
#pragma once
#include "json/field.h"

/* Fails on a key that is not the container's own: it would change the host. */
void sysctl_check(const char *key, bool has_ipc, bool has_net, bool has_uts);

/* proc: the root of a procfs of our own, in which nothing can be mounted over (CVE-2025-52881).  Runs in INIT, in the
 * container's namespaces: they decide whose value it is. */
void sysctls_apply(int proc, struct pair *const *);
