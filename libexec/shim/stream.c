#include "stream.h"

#include <unistd.h>

void progress_record(const struct capture *c)
{
	/* In one page and of one length: a signal cannot come between its bytes. */
	if (pwrite(c->progress_file, &c->progress, sizeof c->progress, 0) < 0)
		return; /* it has its room from the beginning */
}
