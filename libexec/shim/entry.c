#include "entry.h"

#include "line.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

void writer_begin(struct writer *w, struct capture *c)
{
	struct line l = { .length = 0 };
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	put_time(&l, &now);
	*w = (struct writer){ .capture = c, .at = c->progress.log_size };
	memcpy(w->time, l.text + 1, l.length - 2); /* the quotes */
}

void writer_flush(struct writer *w)
{
	for (size_t done = 0; done < w->length && !w->failed;) {
		ssize_t n = pwrite(w->capture->log, w->capture->pages->out + done, w->length - done, (off_t) w->at);
		w->failed = n <= 0;
		done += n > 0 ? (size_t) n : 0;
		w->at += n > 0 ? (uint64_t) n : 0;
	}
	w->length = 0;
}

static void add(struct writer *w, const char *from, size_t length)
{
	while (length) {
		size_t room = sizeof w->capture->pages->out - w->length, n = length < room ? length : room;
		memcpy(w->capture->pages->out + w->length, from, n);
		w->length += n;
		from += n;
		length -= n;
		if (w->length == sizeof w->capture->pages->out)
			writer_flush(w);
	}
}

static void say(struct writer *w, const char *s) { add(w, s, strlen(s)); }

/* Bytes of the character at s, as RFC 3629 has it; 0: there is none. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
	/* The first byte, and what the second may be: neither overlong, nor a surrogate, nor beyond U+10FFFF. */
	static const struct {
		unsigned char first, last, low, high;
		size_t length;
	} forms[] = { { 0x00, 0x7f, 0x80, 0xbf, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 }, { 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		      { 0xe1, 0xec, 0x80, 0xbf, 3 }, { 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		      { 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 }, { 0xf4, 0xf4, 0x80, 0x8f, 4 } };
	size_t i = 0, n = 1;

	while (i < sizeof forms / sizeof *forms && (*s < forms[i].first || *s > forms[i].last))
		i++;
	if (i == sizeof forms / sizeof *forms || forms[i].length > left)
		return 0;
	if (forms[i].length > 1 && (s[1] < forms[i].low || s[1] > forms[i].high))
		return 0;
	for (n = 2; n < forms[i].length; n++)
		if (s[n] < 0x80 || s[n] > 0xbf)
			return 0;
	return forms[i].length;
}

static void escape(struct writer *w, unsigned char c)
{
	static const char hex[] = "0123456789abcdef", pairs[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	char code[] = "\\u0000";

	for (const char *p = pairs; *p; p += 2)
		if ((unsigned char) *p == c) {
			code[1] = p[1];
			add(w, code, 2);
			return;
		}
	code[4] = hex[c >> 4];
	code[5] = hex[c & 15];
	add(w, code, 6);
}

static bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

static void add_json(struct writer *w, const char *text, size_t length)
{
	for (size_t i = 0, n; i < length; i += n) {
		for (n = 0; i + n < length && is_plain((unsigned char) text[i + n]);)
			n++;
		if (n) {
			add(w, text + i, n);
			continue;
		}
		n = utf8_length((const unsigned char *) text + i, length - i);
		if (n > 1)
			add(w, text + i, n);
		else if (n)
			escape(w, (unsigned char) text[i]);
		else
			say(w, "\\ufffd");
		n = n ? n : 1;
	}
}

static void write_json(struct writer *w, const char *stream, const char *text, size_t length, bool whole)
{
	say(w, "{\"log\":\"");
	add_json(w, text, length);
	say(w, whole ? "\\n\",\"stream\":\"" : "\",\"stream\":\"");
	say(w, stream);
	say(w, "\",\"time\":\"");
	say(w, w->time);
	say(w, "\"}\n");
}

static void write_cri(struct writer *w, const char *stream, const char *text, size_t length, bool whole)
{
	say(w, w->time);
	say(w, " ");
	say(w, stream);
	say(w, whole ? " F " : " P ");
	add(w, text, length);
	say(w, "\n");
}

void entry_write(struct writer *w, const char *stream, const char *text, size_t length, bool whole)
{
	if (w->capture->format == LOG_JSON)
		write_json(w, stream, text, length, whole);
	else
		write_cri(w, stream, text, length, whole);
}
