/* What bivy-fetch may: write into its directory, read what a name and a certificate are looked up with, and connect. */
#pragma once
#include "task/order.h"

void confine(const struct orders *);
