#include "task/order.h"

/* clang-format off */
TYPE(order,
	{ "source",       STR(order, source), NEED },
	{ "name",         STR(order, name), NEED },
	{ "archive",      STR(order, archive) },
	{ "subdirectory", STR(order, subdirectory) },
	{ "digest",       STR(order, digest) },
	{ "digits",       STR(order, digits) },
	{ "list",         STR(order, list) },
	{ "listed",       STR(order, listed) },
	{ "single",       BOOL(order, single) },
	{ "insecure",     BOOL(order, insecure) },
	{ "headers",      MAP(order, headers) });

const struct type orders_type = { sizeof(struct orders), FIELDS(
	{ "uid",           NUM(orders, uid), NEED },
	{ "gid",           NUM(orders, gid), NEED },
	{ "parent",        NUM(orders, parent), NEED },
	{ "seconds",       NUM(orders, seconds), NEED },
	{ "bytes",         NUM(orders, bytes), NEED },
	{ "unpackedBytes", NUM(orders, unpacked_bytes), NEED },
	{ "unpackedFiles", NUM(orders, unpacked_files), NEED },
	{ "quiet",         BOOL(orders, quiet) },
	{ "orders",        LIST(orders, orders, order), NEED }) };
/* clang-format on */
