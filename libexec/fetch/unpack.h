/* An archive's files, written below a directory and nowhere else, whatever they are called and whatever they link to.
 */
#pragma once
#include "task/order.h"

/* archive: open for reading.  Fails at the first entry that is not to be had: its caller throws all of it away. */
void unpack(const struct orders *, const struct order *, int archive, int dir);
