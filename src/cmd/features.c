#include "oci/features.h"

#include "base/mem.h"
#include "cmd/commands.h"
#include "sys/caps.h"
#include "sys/seccomp.h"

static int run(const void *options, char **arguments)
{
	(void) options, (void) arguments;
	struct features *f = features_known();
	struct pair *library = mem(sizeof *library);

	f->linux_part->capabilities = cap_names();
	f->linux_part->seccomp->archs = name_words(seccomp_arch_names);
	f->linux_part->seccomp->known_flags = name_words(seccomp_flag_names);
	f->linux_part->seccomp->supported_flags = seccomp_flags_supported();
	*library = (struct pair){ "io.github.seccomp.libseccomp.version", seccomp_library() };
	f->annotations = append(NULL, library);
	json_print(f, &features_type);
	return 0;
}

const struct command command_features = {
	.name = "features",
	.arguments = "",
	.summary = "Print what this build can do, as the features document of the runtime-spec",
	.group = "About bivy",
	.run = run,
};
