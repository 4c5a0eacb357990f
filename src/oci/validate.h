/* What can be said of a configuration without asking the kernel: refused here, before anything is made. */
#pragma once
#include "oci/config.h"

/* name: the document, for errors "NAME: json.path: what; remedy".  Fails, or warns of what has no effect. */
void config_check(const struct config *, const char *name);
void process_check(const struct process *, const char *name, const char *path); /* path: "process" or "" */

/* Hears json_read's unknown keys: one that resembles a known one is warned of, others are for --debug. */
void config_hear_unknown(const char *where, const char *key, const char *meant);
