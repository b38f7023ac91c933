/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Inside of check: chains of conditions, each a table whose rows say what must hold, where it is read, what it means
 * when it does not, and what to do.
 */
#ifndef INSPECT_CHECK_H
#define INSPECT_CHECK_H

#include "inspect.h"

/* What does not depend on the moment. */
struct check_condition {
	const char *id;
	const char *reg; /* row of the table, instance given by the finder; NULL: none */
	enum idtntb_severity severity;
	const char *
		moves; /* NULL: does not depend on the moment; else the row whose writes by its owner end the moment, or "" */
	const char *cause; /* what it means, in full or as the start of a line */
	const char *advice;
};

/* A check under way. */
struct check {
	const struct idtntb_snapshot *snapshot;
	struct idtntb_findings *findings;
	size_t room;
	bool failed; /* no memory */
};

/* Whom a finding is about. */
struct check_subject {
	unsigned slot;
	int peer; /* slot, or -1 */
	int window; /* or -1 */
	const char *text;
};

/* findings.c: add one about register instance (i, j) of port `at`; `cause` NULL: the condition's. Returns it, or NULL. */
struct idtntb_finding *check_add(struct check *check, const struct check_condition *condition,
				 const struct check_subject *subject, unsigned at, unsigned i, unsigned j,
				 const char *cause);
/* findings.c: a line made up for one finding. */
#define CHECK_LINE 200
__attribute__((format(printf, 2, 3))) const char *check_line(char line[CHECK_LINE], const char *format, ...);

/* check-link.c: the first condition of a port's part in any link that fails, or NULL. */
const struct check_condition *check_side(const struct inspect_side *side);
/* check-link.c: the same in two words. */
const char *check_side_brief(const struct inspect_side *side);
/* check-link.c: the same as a finding; whether there was one. */
bool check_link_port(struct check *check, unsigned slot);
/* check-link.c: a pair: its OK, or the first that fails on each side. */
void check_link_pair(struct check *check, unsigned slot, unsigned peer);
/* check-window.c */
void check_window(struct check *check, unsigned slot, unsigned window);
/* check-doorbells.c, check-messages.c, check-interrupts.c */
void check_doorbells(struct check *check, unsigned slot);
void check_messages(struct check *check, unsigned slot);
void check_interrupts(struct check *check, unsigned slot);

#endif
