/* The two lists that are the heart of bivy.  See lists.c. */
#pragma once
#include "box/step.h"

extern const struct step create_steps[], restore_steps[], exec_steps[];
