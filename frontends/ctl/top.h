/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * idtntbctl top: a sample is taken, set against the one before, and made into lines no wider than the terminal.
 */
#ifndef TOP_H
#define TOP_H

#include "ctl.h"

#include <time.h>

/* All ports at one moment. */
struct top_sample {
	struct timespec at; /* monotonic */
	unsigned count;
	struct idtntb_overview ports[IDTNTB_PORTS];
};

/* What a frame shows. */
struct top_frame {
	const struct ctl *ctl;
	struct top_sample now, before;
	double seconds; /* between the two; 0: there is none before, and no rates */
	double delay; /* wanted between frames */
	struct idtntb_findings found, findings; /* all that a check finds; those of them that are to be shown */
	struct idtntb_error trouble; /* why there is no new sample, or empty */
};

/* Take the next sample, and check. @return 0, or CTL_FAILED with frame->trouble set; the last sample stays then. */
int top_sample(struct ctl *ctl, struct top_frame *frame);

/*
 * Print a frame, no wider and, unless rows is 0, no higher than said.
 * line_end comes between lines.
 */
void top_print(FILE *out, const struct top_frame *frame, unsigned columns, unsigned rows, const char *line_end);
/* The same as one line of JSON. */
void top_print_json(FILE *out, const struct top_frame *frame);

/* How often a counter rises each second; one that was started anew counts from zero. */
double top_rate(const struct top_frame *frame, uint64_t now, uint64_t before);

/*
 * What a port's link is, in a word: "up"; or what keeps it down first: "broken" on purpose, "free" without an owner, "down",
 * "off" while its own driver has not enabled it.
 */
const char *top_link_word(const struct idtntb_overview *port);

/* Run a live view in the terminal until the person ends it. @return exit status. */
int top_live(struct ctl *ctl, struct top_frame *frame);

#endif
