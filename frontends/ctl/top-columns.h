/* SPDX-License-Identifier: BSD-3-Clause */
/* The columns of the table of ports in idtntbctl top. */
#ifndef TOP_COLUMNS_H
#define TOP_COLUMNS_H

#include "top.h"

/* Parameters of escape sequences. */
#define RED "31"
#define GREEN "32"
#define YELLOW "33"
#define BOLD "1"
#define REVERSE "7"

#define TOP_CELL 24 /* bytes of a cell's text */
#define TOP_WEIGHT_MAXIMUM 6

struct top_column {
	const char *title;
	unsigned width;
	unsigned weight; /* the heaviest are left out first when the terminal is narrow; 0 never */
	/* Print the cell; returns its colour or NULL. */
	const char *(*cell)(char text[TOP_CELL], const struct top_frame *frame, const struct idtntb_overview *now,
			    const struct idtntb_overview *before);
};

extern const struct top_column top_columns[];
extern const size_t top_column_count;

#endif
