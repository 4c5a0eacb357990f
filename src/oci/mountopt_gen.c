/* Prints libmount's words for the flags of mount(2), as the rows of a table that oci/mountopt.c includes.  Runs at
 * build time only: libmount has no static archive, and the program need not load it to know some thirty words.
 *
 * A row is { "word", MS_ flags, inverted }: an inverted word clears the flags ("dev" clears MS_NODEV).  Words that are
 * only prefixes or that set nothing in the kernel are left out. */
#include <libmount/libmount.h>
#include <stdio.h>

int main(void)
{
	const struct libmnt_optmap *o = mnt_get_builtin_optmap(MNT_LINUX_MAP);
	int rows = 0;

	puts("/* Made by mountopt_gen from libmount's MNT_LINUX_MAP: { word, flags, inverted } */");
	for (; o && o->name; o++) {
		if (o->mask & MNT_PREFIX || !o->id)
			continue;
		printf("\t{ \"%s\", 0x%xUL, %s },\n", o->name, (unsigned) o->id,
		       o->mask & MNT_INVERT ? "true" : "false");
		rows++;
	}
	return rows && !fflush(stdout) ? 0 : 1;
}
