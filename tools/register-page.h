/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The page that register-status writes.
 */
#ifndef REGISTER_PAGE_H
#define REGISTER_PAGE_H

#include <idtntb.h>

#include <stdio.h>

/* A switch that values are taken from. */
struct model {
	struct idtntb_switch *sw;
	struct idtntb_port *port;
	void *block;
};

struct page {
	FILE *out;
	struct model fresh, used;
};

void page_print(const struct page *page);

#endif
