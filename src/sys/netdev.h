/* Network interfaces. */
#pragma once
#include "oci/config.h"

/* Sets `lo` up: a new network namespace has it, but down.  Needs CAP_NET_ADMIN over the namespace; netdevice(7). */
void loopback_up(void);

/* HOST: interfaces of its network namespace go into the process's, by their new names, with their permanent global
 * addresses, and are set up: runtime-spec, "Network Devices".  A failure later on moves them back; the end of the
 * container does not. */
void net_devices_move(pid_t, struct net_device *const *);
