#include "oci/bitlist.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

static void set(struct bits *b, int64_t n) { b->at[n / BITS_LONG] |= 1UL << (n % BITS_LONG); }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

bool bits_read(const char *list, struct bits *b)
{
	*b = (struct bits){ 0 };
	if (!*list)
		return false;
	EACH(part, split(list, ',')) {
		int64_t first, last;
		const char *dash = strchr(*part, '-');
		const char *from = dash ? text_n(*part, (size_t) (dash - *part)) : *part, *to = dash ? dash + 1 : *part;
		if (!is_digit(*from) || !is_digit(*to))
			return false;
		if (!number(from, 0, BITS_MOST - 1, &first) || !number(to, first, BITS_MOST - 1, &last))
			return false;
		for (; first <= last; first++)
			set(b, first);
	}
	return true;
}
