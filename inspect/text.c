/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Small pieces of text.
 */
#include "inspect.h"

const char *inspect_color(unsigned flags, enum inspect_color color)
{
	static const char *const sequences[] = {
		[INSPECT_PLAIN] = "\033[0m",   [INSPECT_BOLD] = "\033[1m", [INSPECT_GREEN] = "\033[32m",
		[INSPECT_YELLOW] = "\033[33m", [INSPECT_RED] = "\033[31m", [INSPECT_DIM] = "\033[2m",
	};

	return flags & IDTNTB_PRINT_COLOR ? sequences[color] : "";
}

const char *inspect_size(uint64_t bytes, char buffer[INSPECT_SIZE])
{
	static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
	unsigned unit = 0;

	while (bytes && !(bytes & 1023) && unit + 1 < sizeof(units) / sizeof(units[0])) {
		bytes >>= 10;
		unit++;
	}
	snprintf(buffer, INSPECT_SIZE, "%llu %s", (unsigned long long)bytes, units[unit]);
	return buffer;
}

const char *inspect_bits(uint32_t bits, char buffer[INSPECT_BITS])
{
	size_t at = 0;

	if (!bits)
		return strcpy(buffer, "none");
	for (unsigned b = 0; b < 32; b++) {
		unsigned last = b;

		if (!(bits >> b & 1))
			continue;
		while (last < 31 && bits >> (last + 1) & 1)
			last++;
		/* 16 single bits of two digits each are the longest there is: they fit. */
		at += (size_t)snprintf(buffer + at, INSPECT_BITS - at, last > b ? "%s%u-%u" : "%s%u", at ? ", " : "", b,
				       last);
		b = last;
	}
	return buffer;
}
