/* Ctrl-C and its like while a container is being made: the work stops at the next step, or in the call that waits, and
 * is undone. HOST only; the second process has the default dispositions back. */
#pragma once

void interrupt_catch(void);   /* SIGINT, SIGTERM, SIGHUP, SIGQUIT */
void interrupt_release(void); /* default again */
void interrupt_check(void);   /* fails when one came */
int interrupt_pending(void);  /* its number; 0: none */
