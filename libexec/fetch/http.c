#include "http.h"

#include "bar.h"
#include "base/fail.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/order.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

enum { REDIRECTS = 10, CONNECT_SECONDS = 30, STALL_SECONDS = 60 };
enum { ROUNDING_MS = 5 }; /* curl may end a request that much before its time */

/* clang-format off */
static const struct name answers[] = {
	{ "bad request", 400 }, { "it wants other credentials, or some", 401 }, { "forbidden", 403 }, { "not found", 404 },
	{ "method not allowed", 405 }, { "not acceptable", 406 }, { "the proxy wants credentials", 407 },
	{ "request timeout", 408 }, { "gone", 410 }, { "too many requests", 429 }, { "internal error", 500 },
	{ "not implemented", 501 }, { "bad gateway", 502 }, { "out of service for now", 503 }, { "gateway timeout", 504 },
	{ 0 },
};

/* What is likely to be over in a moment. */
static const int passing[] = {
	CURLE_COULDNT_CONNECT, CURLE_PARTIAL_FILE, CURLE_OPERATION_TIMEDOUT, CURLE_GOT_NOTHING, CURLE_RECV_ERROR,
	CURLE_SEND_ERROR, CURLE_HTTP2, CURLE_HTTP2_STREAM, CURLE_SSL_CONNECT_ERROR, CURLE_AGAIN, 0,
};
static const long passing_answers[] = { 408, 425, 429, 500, 502, 503, 504, 0 };
/* clang-format on */

/* One request and its answer. */
struct exchange {
	struct http *http;
	CURL *curl;
	char error[CURL_ERROR_SIZE];
	const char *etag, *modified;
	int64_t part_from; /* Content-Range's; -1: none */
	bool begun;        /* a piece of the file has come */
	const char *refused;
};

int64_t clock_ms(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static long answer(CURL *curl)
{
	long code = 0;
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &code);
	return code;
}

/* ---- what curl calls ---- */

static const char *header_value(const char *line, size_t length, const char *name)
{
	size_t n = strlen(name);
	return length > n && !strncasecmp(line, name, n) && line[n] == ':' ? trim(text_n(line + n + 1, length - n - 1))
									   : NULL;
}

static size_t hear_header(char *line, size_t one, size_t length, void *context)
{
	struct exchange *x = context;
	const char *value;
	(void) one;

	if ((value = header_value(line, length, "ETag")) && *value == '"')
		x->etag = value;
	if ((value = header_value(line, length, "Last-Modified")))
		x->modified = value;
	if ((value = header_value(line, length, "Content-Range")) && !strncasecmp(value, "bytes ", 6))
		x->part_from = strtoll(value + 6, NULL, 10);
	return length;
}

/* Only a good answer is the file; what others carry is words for a person. */
static size_t hear_body(char *from, size_t one, size_t length, void *context)
{
	struct exchange *x = context;
	struct arrival *a = x->http->arrival;
	long code = answer(x->curl);
	(void) one;

	if (code != 200 && code != 206)
		return length;
	if (!x->begun && code == 206 && x->part_from != a->have) {
		x->refused = "the server sent another part of it than the one asked for";
		return 0;
	}
	/* The first piece of a whole file: what has come before does not count. */
	if (!x->begun && code == 200 && a->have)
		arrival_again(a);
	x->begun = true;
	arrival_add(a, from, length);
	return length;
}

static int hear_progress(void *context, curl_off_t total, curl_off_t got, curl_off_t a, curl_off_t b)
{
	const struct exchange *x = context;
	int64_t have = x->http->arrival->have;
	(void) a, (void) b;
	if (have && answer(x->curl) < 300)
		bar_show(x->http->order->name, have, total ? have - got + total : 0);
	return 0;
}

/* ---- asking ---- */

static const char *part_of(const char *url, CURLUPart part)
{
	CURLU *u = curl_url();
	char *said = NULL;
	if (!u || curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME) ||
	    curl_url_get(u, part, &said, CURLU_DEFAULT_PORT))
		return "";
	return said;
}

static bool same_server(const char *a, const char *b)
{
	return !strcasecmp(part_of(a, CURLUPART_HOST), part_of(b, CURLUPART_HOST)) &&
	       same(part_of(a, CURLUPART_PORT), part_of(b, CURLUPART_PORT)) &&
	       same(part_of(a, CURLUPART_SCHEME), part_of(b, CURLUPART_SCHEME));
}

/* The job's headers may be secrets: another server than the one that they were written for does not get them. */
static struct curl_slist *headers_for(const struct http *h, const char *url)
{
	struct curl_slist *list = NULL;

	EACH(p, h->order->headers)
		if (same_server(url, h->order->source))
			list = curl_slist_append(list, *(*p)->value ? fmt("%s: %s", (*p)->key, (*p)->value)
								    : fmt("%s;", (*p)->key));
	if (h->arrival->have)
		list = curl_slist_append(list, fmt("If-Range: %s", h->validator));
	return list;
}

static void prepare(struct exchange *x, const char *url, long left_ms)
{
	CURL *c = x->curl;
	struct arrival *a = x->http->arrival;

	if (a->have && !x->http->validator)
		arrival_again(a);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_USERAGENT, "bivy");
	curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers_for(x->http, url));
	curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, left_ms);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long) CONNECT_SECONDS);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long) STALL_SECONDS);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, x->error);
	curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, hear_header);
	curl_easy_setopt(c, CURLOPT_HEADERDATA, x);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, hear_body);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, x);
	curl_easy_setopt(c, CURLOPT_NOPROGRESS, 0L);
	curl_easy_setopt(c, CURLOPT_XFERINFOFUNCTION, hear_progress);
	curl_easy_setopt(c, CURLOPT_XFERINFODATA, x);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, x->http->order->insecure ? 0L : 1L);
	curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, x->http->order->insecure ? 0L : 2L);
	if (getenv("SSL_CERT_FILE"))
		curl_easy_setopt(c, CURLOPT_CAINFO, getenv("SSL_CERT_FILE"));
	if (getenv("SSL_CERT_DIR"))
		curl_easy_setopt(c, CURLOPT_CAPATH, getenv("SSL_CERT_DIR"));
	if (a->have)
		curl_easy_setopt(c, CURLOPT_RANGE, fmt("%lld-", (long long) a->have));
}

/* ---- what came of it ---- */

static bool is_passing(CURLcode code)
{
	for (const int *p = passing; *p; p++)
		if (code == (CURLcode) *p)
			return true;
	return false;
}

static const char *remedy(CURLcode code)
{
	switch (code) {
	case CURLE_PEER_FAILED_VERIFICATION:
		return "; name the certificate of its authority in SSL_CERT_FILE, or set insecure = true in the "
		       "artifact";
	case CURLE_SSL_CACERT_BADFILE: return "; install ca-certificates, or correct SSL_CERT_FILE";
	case CURLE_COULDNT_RESOLVE_HOST: return "; is the name right, and /etc/resolv.conf?";
	case CURLE_COULDNT_CONNECT: return "; is the server up, and the port right?";
	default: return "";
	}
}

static enum http_end explain(struct exchange *x, CURLcode code, const char **why)
{
	struct arrival *a = x->http->arrival;
	curl_off_t length = -1;

	curl_easy_getinfo(x->curl, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length);
	if (x->refused)
		*why = x->refused;
	else if (clock_ms() + ROUNDING_MS >= x->http->until)
		*why = fmt("the time for it is over after %s; http_read_timeout in the agent file's client.artifact "
			   "allows more",
			   size_words(a->have));
	else if (code == CURLE_PARTIAL_FILE && length >= 0)
		*why = fmt("the server ended the transfer early, after %s", size_words(a->have));
	else
		*why = fmt("%s%s", *x->error ? x->error : curl_easy_strerror(code), remedy(code));
	if (x->refused) {
		x->http->validator = NULL;
		return HTTP_AGAIN;
	}
	/* Without a validator, and without a length, there is no telling what a second answer would be part of. */
	x->http->validator = x->etag ? x->etag : x->modified ? x->modified : x->http->validator;
	return is_passing(code) ? HTTP_AGAIN : HTTP_NEVER;
}

static enum http_end judge(struct exchange *x, const char **why)
{
	long code = answer(x->curl);
	const char *words = value_word(answers, code);

	if (code == 200 || code == 206) {
		/* An empty file has no first piece. */
		if (code == 200 && !x->begun && x->http->arrival->have)
			arrival_again(x->http->arrival);
		return HTTP_DONE;
	}
	*why = fmt("the server answers %ld%s", code, words ? fmt(" (%s)", words) : "");
	if (code == 416) {
		arrival_again(x->http->arrival);
		return HTTP_AGAIN;
	}
	for (const long *p = passing_answers; *p; p++)
		if (code == *p)
			return HTTP_AGAIN;
	return HTTP_NEVER;
}

/* For messages, which others may read: a server puts credentials and signatures into what it redirects to. */
static const char *shown(const char *url)
{
	static const CURLUPart secret[] = { CURLUPART_USER, CURLUPART_PASSWORD, CURLUPART_QUERY, CURLUPART_FRAGMENT };
	CURLU *u = curl_url();
	char *said = NULL;

	if (!u || curl_url_set(u, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME))
		return "an address that is none";
	for (size_t i = 0; i < sizeof secret / sizeof *secret; i++)
		curl_url_set(u, secret[i], NULL, 0);
	return curl_url_get(u, CURLUPART_URL, &said, 0) ? "an address that is none" : said;
}

/* Where the answer sends us; NULL: nowhere. */
static const char *redirected(struct exchange *x, const char *from)
{
	long code = answer(x->curl);
	char *to = NULL;

	curl_easy_getinfo(x->curl, CURLINFO_REDIRECT_URL, &to);
	if (!to || code < 301 || code > 308 || code == 304)
		return NULL;
	if (strncasecmp(to, "http://", 7) && strncasecmp(to, "https://", 8))
		fail("the server redirects to %s; bivy follows to http and https only", shown(to));
	if (!strncasecmp(from, "https:", 6) && !strncasecmp(to, "http:", 5) && !x->http->arrival->digest &&
	    !x->http->order->insecure)
		fail("the server redirects from https to %s, where anybody can change it; give a checksum, or set "
		     "insecure "
		     "= true",
		     shown(to));
	return text(to);
}

static CURLcode ask(struct exchange *x, struct http *h, const char *url)
{
	int64_t left = h->until - clock_ms();

	*x = (struct exchange){ .http = h, .curl = curl_easy_init(), .part_from = -1 };
	if (!x->curl)
		fail("libcurl does not start");
	prepare(x, url, left > 0 ? (long) left : 1);
	return curl_easy_perform(x->curl);
}

enum http_end http_get(struct http *h, const char **why)
{
	const char *url = h->url, *next;
	struct exchange x;

	for (int hops = 0; hops <= REDIRECTS; hops++) {
		CURLcode code = ask(&x, h, url);
		bar_end();
		next = code ? NULL : redirected(&x, url);
		if (!next) {
			enum http_end end = code ? explain(&x, code, why) : judge(&x, why);
			if (end != HTTP_DONE && url != h->url)
				*why = fmt("redirected to %s: %s", shown(url), *why);
			curl_easy_cleanup(x.curl);
			return end;
		}
		curl_easy_cleanup(x.curl);
		url = next;
	}
	*why = fmt("the server redirects more than %d times, in a circle perhaps", REDIRECTS);
	return HTTP_NEVER;
}
