#include "sys/personality.h"

#include "base/fail.h"
#include "oci/names.h"

#include <sys/personality.h>

void personality_apply(const struct personality *p)
{
	if (personality((unsigned long) p->domain) < 0)
		fail_sys("personality %s", value_word(personality_names, p->domain));
}
