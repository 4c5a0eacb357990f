#include "task/document.h"

#include "base/fail.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/text.h"
#include "task/job.h"
#include "json/field.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* What any config.json must have, and no job has. */
struct oci {
	const char *version;
};

static const struct type oci_type = { sizeof(struct oci), FIELDS({ "ociVersion", STR(oci, version) }) };

static const struct name words_of_documents[] = {
	{ "job", JOB_FILE },          { "group", JOB_FILE },
	{ "task", JOB_FILE },         { "config", JOB_FILE },
	{ "variable", JOB_FILE },     { "variables", JOB_FILE },
	{ "locals", JOB_FILE },       { "client", AGENT_FILE },
	{ "plugin", AGENT_FILE },     { "server", AGENT_FILE },
	{ "data_dir", AGENT_FILE },   { "datacenter", AGENT_FILE },
	{ "region", AGENT_FILE },     { "name", AGENT_FILE },
	{ "bind_addr", AGENT_FILE },  { "log_level", AGENT_FILE },
	{ "ports", AGENT_FILE },      { "acl", AGENT_FILE },
	{ "telemetry", AGENT_FILE },  { "tls", AGENT_FILE },
	{ "consul", AGENT_FILE },     { "vault", AGENT_FILE },
	{ "addresses", AGENT_FILE },  { "advertise", AGENT_FILE },
	{ "plugin_dir", AGENT_FILE }, { 0 },
};

/* A NUL would end the text early, and hide the rest of the file. */
const char *document_read(const char *file)
{
	const char *path = same(file, "-") ? "/dev/stdin" : file;
	const char *words = read_whole(AT_FDCWD, path);
	struct stat st;

	if (!stat(path, &st) && S_ISREG(st.st_mode) && (size_t) st.st_size > strlen(words))
		fail("%s: a NUL byte is in it, %zu bytes from its start; this is no text", file, strlen(words));
	return words;
}

/* What follows a comment or a string that starts at s; s itself where none does. */
static const char *past_quiet(const char *s)
{
	const char *end = s;
	if (*s == '#' || starts_with(s, "//"))
		return s + strcspn(s, "\n");
	if (starts_with(s, "/*")) {
		end = strstr(s + 2, "*/");
		return end ? end + 2 : s + strlen(s);
	}
	if (*s != '"')
		return s;
	for (s++; *s && *s != '"' && *s != '\n'; s++)
		s += *s == '\\' && s[1];
	return *s ? s + 1 : s;
}

static enum document kind_of_hcl(const char *s)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";

	for (int depth = 0; *s;) {
		const char *past = past_quiet(s);
		size_t n = strspn(s, letters);
		if (past != s) {
			s = past;
			continue;
		}
		int64_t kind = n && !depth ? word_value(words_of_documents, text_n(s, n), -1) : -1;
		if (kind >= 0)
			return (enum document) kind;
		depth += *s == '{' ? 1 : *s == '}' && depth ? -1 : 0;
		s += n ? n : 1;
	}
	return JOB_FILE;
}

enum document document_kind(const char *file, const char *words)
{
	if (!is_json(words))
		return kind_of_hcl(words);
	const struct oci *o = json_read(file, words, &oci_type);
	return o->version ? CONFIG_JSON : JOB_FILE;
}
