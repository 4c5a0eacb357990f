/* bivy: finds the command among the words, reads its options, runs it.  The table below is what the program can do. */
#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "box/container.h"
#include "cli/globals.h"
#include "cli/options.h"
#include "cli/show.h"
#include "cli/words.h"
#include "cmd/commands.h"
#include "oci/status.h"
#include "sys/seccomp.h"

#include "version.h"

#include <fcntl.h>
#include <stdio.h>

static const struct command command_help, command_complete, command_manual;

static const struct command *const commands[] = {
	&command_create, &command_start,      &command_state,   &command_kill,        &command_delete,
	&command_run,    &command_exec,       &command_list,    &command_ps,          &command_pause,
	&command_resume, &command_update,     &command_events,  &command_wait,        &command_stop,
	&command_logs,   &command_checkpoint, &command_restore, &command_spec,        &command_bundle,
	&command_up,     &command_down,       &command_check,   &command_fingerprint, &command_features,
	&command_help,   &command_complete,   &command_manual,  &command_job,         NULL,
};

static const struct command *find(const char *name)
{
	const char **names = NULL;
	const struct command *c = command_named(commands, name);

	if (c)
		return c;
	EACH(known, commands)
		names = append(names, (*known)->name);
	const char *meant = nearest(names, name);
	fail_as(MISUSE, "there is no command \"%s\"%s; see \"bivy --help\"", name,
		meant ? fmt(" (is \"%s\" meant?)", meant) : "");
}

static int help_run(const void *options, char **arguments)
{
	(void) options;
	if (*arguments)
		show_help(find(*arguments), &program);
	else
		show_commands(&program, commands);
	return 0;
}

static int manual_run(const void *options, char **arguments)
{
	(void) options, (void) arguments;
	show_manual(&program, commands);
	return 0;
}

static const char **ids(void) { return container_ids(globals()->root); }

static int complete_run(const void *options, char **arguments)
{
	(void) options;
	words_show(&program, commands, ids, arguments);
	return 0;
}

static const struct command command_help = {
	.name = "help",
	.arguments = "[COMMAND]",
	.summary = "Show the commands, or the options of one",
	.group = "About bivy",
	.run = help_run,
	.most = 1,
};

/* Asked by the shell: bivy __complete -- WORD... */
static const struct command command_complete = {
	.name = "__complete",
	.arguments = "[WORD...]",
	.run = complete_run,
	.most = -1,
};

/* Asked by the Makefile, for bivy.8. */
static const struct command command_manual = { .name = "__manual", .arguments = "", .run = manual_run };

/* A caller may have closed 0, 1 or 2; a file of ours must not become one of them.  The directions are the wrong ones,
 * so that using such a descriptor is still an error. */
static void occupy_standard_streams(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd ? O_RDONLY : O_WRONLY) != fd)
			fail_sys("/dev/null in place of closed descriptor %d", fd);
}

static int version(void)
{
	/* go-runc and podman read this form. */
	printf("bivy version %s\ncommit: %s\nspec: %s\nlibseccomp: %s\n", BIVY_VERSION, BIVY_COMMIT, SPEC_VERSION,
	       seccomp_library());
	return 0;
}

static int run(char **words)
{
	if (!globals_read(&words))
		return help_run(NULL, (char *[]){ NULL });
	if (globals()->version)
		return version();

	/* Looked up before the log is opened, so that failing there exits as the command does. */
	const struct command *c = *words ? command_named(commands, *words) : NULL;
	fail_exits_by_kind(c && c->exits_by_kind);
	globals_apply();
	if (!*words)
		fail_as(MISUSE, "the command is missing; see \"bivy --help\"");
	c = find(*words++);

	const void *options = options_read(c, &program, &words);
	if (options)
		return c->run(options, words);
	show_help(c, &program);
	return 0;
}

int main(int argc, char **argv)
{
	occupy_standard_streams();
	int code = run(argv + (argc > 0));
	show_end();
	return code;
}
