#include "box/step.h"

#include "base/fail.h"
#include "box/box.h"
#include "box/container.h"
#include "box/interrupt.h"
#include "box/notify.h"
#include "box/peer.h"
#include "box/postmortem.h"

#include <stddef.h>

static void init_says(void *box, const char *said, long length)
{
	const struct box *b = box;

	if (*said == '!' && length > 2)
		fail_relay((enum kind)(unsigned char) said[1],
			   postmortem(b->config, b->process, b->init, said, length));
	if (b->container)
		notify_answer(&(struct notified){ b->config, *container_state(b->container), b->init, b->pidfd },
			      b->peer, said, length);
}

static void change_turn(struct box *b, enum side me, enum side now, bool left)
{
	if (now != me)
		peer_pass(b->peer, &b->gift);
	else if (left)
		peer_wait_gone(b->peer, init_says, b);
	else
		peer_wait(b->peer, &b->gift);
}

void steps_walk(struct box *b, const struct step *s, enum side me)
{
	enum side turn = HOST;
	bool left = false;

	for (; s->name; s++) {
		if (s->when && !s->when(b))
			continue;
		if (turn != s->side) {
			turn = s->side;
			change_turn(b, me, turn, left);
		}
		left = s->leaves;
		if (turn != me)
			continue;
		interrupt_check();
		fail_where(s->name);
		s->run(b);
	}
	fail_where(NULL);
}

const struct step *steps_after(const struct step *s, void (*run)(struct box *))
{
	while (s->run != run)
		s++;
	return s + 1;
}
