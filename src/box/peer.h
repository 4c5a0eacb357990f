/* Two processes on one socket, taking turns.  A turn is one byte, perhaps with a descriptor; a longer message is an
 * error's text, behind the number of its kind.  The end of the stream is the other process's end, or its becoming
 * another program. */
#pragma once

/* A pair of ends; the first for HOST. */
void peer_pair(int ends[2]);

void peer_pass(int peer, int *gift); /* your turn; *gift goes along and is -1 then */
void peer_wait(int peer, int *gift); /* my turn, or the peer's last words */
void peer_hears_failures(int peer);  /* from now on fail() tells the other process */

/* The peer has become another program, or its last words.  All that it says, as bivy-init does, is for `hear`
 * first. */
void peer_wait_gone(int peer, void (*hear)(void *, const char *said, long length), void *context);
