/* Logs as the program wrote them.  A line is kept in one file where that takes no more than the last ROUNDING bytes of
 * the file: as Nomad does it, the file before is the shorter one. */
#pragma once
#include "stream.h"

#define ROUNDING 32768

/* Bytes moved; 0: the FIFO is empty; -1 and errno: they cannot be written. */
ssize_t try_raw_move(struct capture *, struct stream *);
