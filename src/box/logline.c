#include "box/logline.h"

#include "base/text.h"

#include <stdint.h>
#include <string.h>

/* ---- json-file: {"log":"...","stream":"...","time":"..."} ---- */

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c | 0x20) : NULL;
	return at ? (int) (at - digits) : -1;
}

static int64_t code_at(const char *s, const char *end)
{
	int64_t code = 0;
	for (int i = 0; i < 4; i++) {
		if (s + i >= end || hex(s[i]) < 0)
			return -1;
		code = code * 16 + hex(s[i]);
	}
	return code;
}

static char *put_utf8(char *to, int64_t code)
{
	if (code < 0x80) {
		*to++ = (char) code;
		return to;
	}
	if (code >= 0x800)
		*to++ = (char) (0xe0 | code >> 12);
	*to++ = (char) (code >= 0x800 ? 0x80 | (code >> 6 & 0x3f) : 0xc0 | code >> 6);
	*to++ = (char) (0x80 | (code & 0x3f));
	return to;
}

/* The character after a backslash at *from, which is moved on; the result is never longer than what it comes from. */
static char *unescape(char *to, const char **from, const char *end)
{
	static const char pairs[] = "b\bf\fn\nr\rt\t";
	char c = *(*from)++;

	if (c == 'u') {
		int64_t code = code_at(*from, end);
		*from += code < 0 ? 0 : 4;
		return code < 0 ? to : put_utf8(to, code);
	}
	for (const char *p = pairs; *p; p += 2)
		if (*p == c)
			c = p[1];
	*to++ = c;
	return to;
}

/* The string that begins behind `at`, decoded in its place; *after: behind its closing quote.  NULL: it has none. */
static char *take_string(char *at, char *end, char **after, size_t *length)
{
	char *to = at;
	const char *from = at;

	while (from < end && *from != '"') {
		const char *c = from++;
		if (*c != '\\')
			*to++ = *c;
		else if (from < end)
			to = unescape(to, &from, end);
	}
	*after = at + (from - at) + 1;
	*length = (size_t) (to - at);
	return from < end ? at : NULL;
}

static char *take_member(const char *before, char **at, char *end, size_t *length)
{
	size_t n = strlen(before);
	if (!*at || (size_t) (end - *at) < n || memcmp(*at, before, n))
		return NULL;
	return take_string(*at + n, end, at, length);
}

bool logline_read_json(char *line, size_t length, struct logline *l)
{
	char *at = line, *end = line + length;
	size_t stream_length, time_length;

	l->text = take_member("{\"log\":\"", &at, end, &l->length);
	char *stream = l->text ? take_member(",\"stream\":\"", &at, end, &stream_length) : NULL;
	char *time = stream ? take_member(",\"time\":\"", &at, end, &time_length) : NULL;
	if (!time)
		return false;
	time[time_length] = stream[stream_length] = 0;
	l->is_stderr = same(stream, "stderr");
	l->time = time;
	return true;
}

/* ---- cri: TIME stdout F text ---- */

bool logline_read_cri(char *line, size_t length, struct logline *l)
{
	char *end = line + length;
	char *stream = memchr(line, ' ', length);
	char *tag = stream ? memchr(stream + 1, ' ', (size_t) (end - stream - 1)) : NULL;

	if (!tag || end - tag < 3 || tag[2] != ' ')
		return false;
	*stream = *tag = 0;
	l->time = line;
	l->is_stderr = same(stream + 1, "stderr");
	l->text = tag + 3;
	l->length = (size_t) (end - l->text);
	if (tag[1] == 'F')
		l->text[l->length++] = '\n';
	return true;
}
