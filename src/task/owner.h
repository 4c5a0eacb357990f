/* Who a task runs as.  Names are looked up in the files of the root that the task will see, since there they have their
 * meaning; where it has none, and for raw_exec, in the host's.  Runs in bundle, up and check. */
#pragma once
#include "base/passwd.h"
#include "task/agent.h"

/* user: "NAME", "UID", "NAME:GROUP", "UID:GID".  A number that no line knows is a user without a name, of group 65534;
 * one who is given a group has no supplementary ones.  at: where the task says so, for errors. */
struct account owner_named(const struct account_files *, const char *user, struct position at);

struct account owner_caller(void); /* of this process */

/* Fails when the agent file denies that user (`listed`: to this driver) or one of its numbers. */
void owner_check(const struct agent *, const char *driver, const struct account *, bool listed, struct position at);
