#include "box/walk.h"

#include "base/mem.h"
#include "box/interrupt.h"
#include "box/lists.h"

struct box *box_new(const char *root, const char *id, const struct wishes *wishes)
{
	struct box *b = mem(sizeof *b);
	*b = (struct box){ .root = root, .id = id, .wishes = wishes };
	b->dir = b->init_program = b->start = b->root_tree = b->pidfd = b->peer = b->gift = -1;
	b->log_dir = b->out_read = b->err_read = -1;
	b->out = b->err = b->proc = b->terminal = b->console = b->plan = b->attr = -1;
	return b;
}

void box_create(struct box *b)
{
	interrupt_catch();
	steps_walk(b, b->wishes->criu ? restore_steps : create_steps, HOST);
}

void box_exec(struct box *b)
{
	interrupt_catch();
	steps_walk(b, exec_steps, HOST);
}
