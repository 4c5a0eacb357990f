/* The line to a container's shim: the socket shim.sock of its state directory, which the shim and its standby hold.  A
 * connection that is taken up is the sign that there is one; what may be said is in libexec/shim/waiter.h. */
#pragma once
#include <stdbool.h>

/* The socket that a new shim gets: listening, in the place of an older one. */
int contact_listen(int state_dir);
int try_contact_listen(int state_dir); /* -1 and errno: nothing can be made in that directory */

/* Connected, and whoever answers there is awake: one that was stopped (SIGSTOP) goes on.  -1 and errno: see below. */
int try_contact(int state_dir);
bool contact_none(int error); /* of try_contact: there is no shim; else it is only busy */
bool contact_there(int state_dir);

/* The container's processes are gone: waits until its shim is too, which writes the record first; one that does not
 * come to its end is killed. */
void contact_end(int state_dir, int timeout_ms);
