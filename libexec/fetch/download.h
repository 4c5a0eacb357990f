/* A file brought from where it is: a web server, tried again when the connection breaks, or this host. */
#pragma once
#include "digest.h"
#include "task/order.h"

/* from: a URL, or a path that begins with "/".  It goes to the empty file fd, and to the digest unless that is NULL.
 * Fails when it does not come whole. */
void download(const struct orders *, const struct order *, const char *from, int fd, struct digest *);
