#include "json/field.h"

#include "base/mem.h"
#include "base/text.h"

#include <string.h>

int64_t word_value(const struct name *n, const char *word, int64_t otherwise)
{
	for (; n->word; n++)
		if (!strcmp(n->word, word))
			return n->value;
	return otherwise;
}

const char *value_word(const struct name *n, int64_t value)
{
	for (; n->word; n++)
		if (n->value == value)
			return n->word;
	return NULL;
}

const char *known_words(const struct name *n)
{
	struct text t = { 0 };
	for (const struct name *first = n; n->word; n++)
		text_printf(&t, "%s%s", n == first ? "" : n[1].word ? ", " : " or ", n->word);
	return t.at;
}
