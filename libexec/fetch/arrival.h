/* What arrives of one file: written, counted and summed up as it comes, and begun again when it has to be. */
#pragma once
#include "digest.h"
#include "task/order.h"

struct arrival {
	int fd;
	struct digest *digest; /* NULL: none is wanted */
	int64_t have, most;    /* bytes */
};

void arrival_add(struct arrival *, const void *from,
		 size_t length); /* fails when it is too much, or the disk is full */
void arrival_again(struct arrival *);

/* "3.2 MB", for people. */
const char *size_words(int64_t bytes);
