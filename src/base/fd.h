/* Descriptors: close-on-exec from birth, "none" is -1, gone with their scope. */
#pragma once
#include <stddef.h>

void fd_close_scope(const int *fd);
#define autoclose __attribute__((cleanup(fd_close_scope)))

void fd_close(int *fd);              /* closes and makes it -1; -1 is fine */
int fd_take(int *fd);                /* hands it on: the old place holds -1 */
int fd_copy_from(int fd, int least); /* a close-on-exec duplicate not below `least` */
void fd_keep_over_exec(int fd);
void fd_close_from(int least); /* marks all from `least` on close-on-exec */

/* One message on a unix socket, with at most one descriptor.  fd -1: none.
 * try_fd_receive: bytes read, 0 at the end, -1 and errno; *fd is -1 or a new close-on-exec descriptor. */
int try_fd_send(int sock, int fd, const void *data, size_t size);
long try_fd_receive(int sock, int *fd, void *data, size_t size);
