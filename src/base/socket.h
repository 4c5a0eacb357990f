/* Unix sockets that keep messages apart, by their name in a directory: through the directory's descriptor, since a
 * socket's address holds 107 bytes and a path may be longer. */
#pragma once

int socket_listen(int dir, const char *name, int backlog);
int try_socket_listen(int dir, const char *name, int backlog);
int try_socket_connect(int dir, const char *name, int more_flags); /* more_flags: SOCK_NONBLOCK or 0 */

/* A byte stream, at a path as somebody else gave it.  -1: ENAMETOOLONG, or as connect(2). */
int try_stream_connect(const char *path);
