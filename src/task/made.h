/* What has been put on disk so far: taken away again, newest first, when the command fails.  Only what was made is; a
 * directory that somebody has put something into stays. */
#pragma once

struct made {
	struct made_item *newest;
	/* Of what is added from now on.  Below it a task may have put links since: none is followed.  NULL: no task can
	 * write there. */
	const char *base;
};

struct made *made_new(void);                         /* on the undo list */
void made_add(struct made *, const char *path);      /* absolute, and below the base */
void made_add_tree(struct made *, const char *path); /* all that is below it is ours, too */
void made_keep(struct made *);                       /* it is all there; nothing will be taken away */
