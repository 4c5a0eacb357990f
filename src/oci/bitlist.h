/* Lists of numbers as cpuset(7) spells them, "0-3,7": CPUs and memory nodes. */
#pragma once
#include <stdbool.h>

#define BITS_MOST 8192 /* what any kernel can be built for, CPUs and nodes alike */
#define BITS_LONG (8 * (int) sizeof(long))

/* As sched_setaffinity(2) and set_mempolicy(2) take them. */
struct bits {
	unsigned long at[BITS_MOST / BITS_LONG];
};

bool bits_read(const char *list, struct bits *); /* false: not such a list, or none at all in it */
