/* The mappings of a user namespace.  user_namespaces(7) */
#pragma once
#include "oci/config.h"

#include <stdbool.h>

/* HOST, with CAP_SETUID and CAP_SETGID in its own user namespace, for a process in a new one that has none yet. */
void id_mappings_write(pid_t, struct id_mapping *const *uids, struct id_mapping *const *gids);

/* INIT: becomes the namespace's root. */
void become_root(void);

/* HOST: a user namespace that has these maps and no process.  Its descriptor. */
int id_mappings_namespace(struct id_mapping *const *uids, struct id_mapping *const *gids);

bool id_is_mapped(struct id_mapping *const *, uint32_t inside);

/* What an id of the container is on the host; the id itself when nothing maps. */
uint32_t id_outside(struct id_mapping *const *, uint32_t inside);
