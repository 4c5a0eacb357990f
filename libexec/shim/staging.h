/* Logs that are made of what the program wrote: json-file and cri.  See capture.h for what makes each line stand there
 * once. */
#pragma once
#include "stream.h"

/* Bytes that came from the FIFO; 0: it is empty; -1 and errno: they, or those before them, cannot be written.  A line
 * whose end has not come yet waits for it, unless `rest` is true. */
ssize_t try_staged_move(struct capture *, struct stream *, bool rest);

/* Bytes of the stream that have left the FIFO and are not in the log. */
uint64_t staged_left(const struct capture *, const struct stream *);
