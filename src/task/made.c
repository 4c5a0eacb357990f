#include "task/made.h"

#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"

#include <fcntl.h>
#include <unistd.h>

static void remove_all(void *arg)
{
	const struct made *m = arg;
	for (size_t i = count(m->paths); i--;)
		if (unlinkat(AT_FDCWD, m->paths[i], 0) < 0)
			unlinkat(AT_FDCWD, m->paths[i], AT_REMOVEDIR);
}

struct made *made_new(void)
{
	struct made *m = mem(sizeof *m);
	undo(remove_all, m);
	return m;
}

void made_add(struct made *m, const char *path) { m->paths = append(m->paths, text(path)); }
void made_keep(struct made *m) { m->paths = NULL; }
