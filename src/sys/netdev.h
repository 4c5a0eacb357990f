/* Network interfaces of the network namespace we are in. */
#pragma once

/* Sets `lo` up: a new network namespace has it, but down.  Needs CAP_NET_ADMIN over the namespace; netdevice(7). */
void loopback_up(void);
