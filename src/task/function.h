/* The functions that an expression may call. */
#pragma once
#include "task/eval.h"

extern const struct functions function_calls;

_Noreturn void function_fail(const struct call *, const char *format, ...) PRINTF(2);
struct value *function_string(const struct call *, struct text);               /* its result */
size_t function_index(const struct call *, const struct value *, size_t most); /* a whole number from 0; fails */

size_t text_characters(const char *);                 /* not bytes */
const char *text_character(const char *, size_t nth); /* where it begins; the end of the text when there are fewer */

typedef struct value *function(const struct call *);
/* clang-format off */
function number_abs, number_ceil, number_floor, number_int, number_max, number_min, number_parseint, number_pow,
	 number_signum;
function text_chomp, text_indent, text_join, text_lower, text_replace, text_split, text_strlen, text_strrev,
	 text_substr, text_title, text_trim, text_trimprefix, text_trimspace, text_trimsuffix, text_upper;
function format_one, format_list;
function digest_md5, digest_sha1, digest_sha256, digest_sha512;
function path_abspath, path_basename, path_dirname, path_file, path_filebase64, path_fileexists, path_pathexpand;
function code_base64decode, code_base64encode, code_csvdecode, code_uuidv4, code_jsondecode, code_jsonencode, code_urlencode;
function list_chunklist, list_coalesce, list_coalescelist, list_compact, list_concat, list_contains, list_distinct,
	 list_element, list_flatten, list_hasindex, list_index, list_keys, list_length, list_lookup, list_merge,
	 list_range, list_reverse, list_setintersection, list_setproduct, list_setsubtract,
	 list_setunion, list_slice, list_sort, list_values, list_zipmap;
/* clang-format on */
