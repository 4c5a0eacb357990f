/* What happens to the container, as lines of JSON at the end of the file `events` of the state directory, which
 * src/box/history.c begins and reads: one write each, so that lines of several writers do not mix. */
#pragma once
#include <stdbool.h>
#include <stddef.h>

/* {"type":TYPE,"id":ID,"time":...,MORE}; more: further members, or NULL.  Never waits and never fails: who cannot write
 * has nobody to tell. */
void event_tell(int dir, const char *id, const char *type, const char *more, size_t more_length);

bool event_find_time(int dir, const char *type, char *to, size_t room); /* of the first of that type; false: none */
bool event_is_told(int dir, const char *type);                          /* among the last lines */
