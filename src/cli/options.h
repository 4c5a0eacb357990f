/* A command of bivy, described.  Parsing, --help, the manual and the completions all read these rows; nothing else in
 * the tree names an option. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum takes { NOTHING, TEXT, CHOICE, NUMBER, TEXTS };

struct option_row {
	const char *name;
	char letter; /* 0: none */
	enum takes takes;
	uint16_t at;      /* where the value goes in the command's options */
	const char *arg;  /* what the value is, in capitals; a CHOICE lists its words, "text|json" */
	const char *help; /* a sentence without its full stop; NULL: accepted, and shown nowhere */
};

struct command {
	const char *name, *arguments; /* usage after the options: "ID [SIGNAL]", `least` words and what may follow */
	const char *summary;          /* a sentence without its full stop; NULL: the command is shown nowhere */
	const char *group;            /* the heading it stands under in `bivy --help` */
	size_t size;                  /* of the options struct, which starts out zeroed */
	const struct option_row *options;                  /* up to one without a name; NULL: none */
	int (*run)(const void *options, char **arguments); /* its result is the exit code; arguments end with NULL */
	int least, most;                                   /* how many arguments; most -1: any number */
	bool exits_by_kind;                                /* a failure of bivy's exits 125, 126, 127 and not 1 */
	bool options_anywhere; /* they may follow arguments too; else the first argument ends them, as for `exec` */
};

/* The middle of a row.  A member of another type than the row's does not compile. */
#define FITS(T, m, type)  (0 * sizeof(char[__builtin_types_compatible_p(__typeof__(((T *) 0)->m), type) ? 1 : -1]))
#define FLAG(T, m)        NOTHING, offsetof(struct T, m) + FITS(struct T, m, bool), NULL
#define VALUE(T, m, arg)  TEXT, offsetof(struct T, m) + FITS(struct T, m, const char *), arg
#define ONE_OF(T, m, arg) CHOICE, offsetof(struct T, m) + FITS(struct T, m, const char *), arg
#define COUNT(T, m, arg)  NUMBER, offsetof(struct T, m) + FITS(struct T, m, int64_t), arg      /* from 0 on */
#define VALUES(T, m, arg) TEXTS, offsetof(struct T, m) + FITS(struct T, m, const char **), arg /* may be repeated */

/* The options of c, from the words at *words, which stands at the arguments afterwards.  NULL: --help was asked for.
 * outer: the command around this one, so that a misplaced option of it is recognised; NULL for the program itself.
 * Anything wrong is a MISUSE. */
void *options_read(const struct command *c, const struct command *outer, char ***words);

/* The row that this name or this letter belongs to; NULL: none. */
const struct option_row *option_named(const struct command *, const char *name);
const struct option_row *option_lettered(const struct command *, char letter);

/* NULL: there is no such command. */
const struct command *command_named(const struct command *const *commands, const char *name);
