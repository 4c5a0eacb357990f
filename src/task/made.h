/* What has been put on disk so far: taken away again, newest first, when the command fails.  Only what was made is; a
 * directory that somebody has put something into stays. */
#pragma once

struct made {
	const char **paths; /* absolute */
};

struct made *made_new(void); /* on the undo list */
void made_add(struct made *, const char *path);
void made_keep(struct made *); /* it is all there; nothing will be taken away */
