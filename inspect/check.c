/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which chains are walked for which question.
 */
#include "check.h"

#include <errno.h>

#define ERRORS_TOLD 4u /* guest errors of a port at most, the newest */

static struct check check_begin(struct idtntb_findings *findings, const struct idtntb_snapshot *snapshot)
{
	*findings = (struct idtntb_findings){ 0 };
	return (struct check){ .snapshot = snapshot, .findings = findings };
}

static int check_end(struct check *check)
{
	if (!check->failed)
		return 0;
	idtntb_findings_free(check->findings);
	return -ENOMEM;
}

static void check_errors(struct check *check, unsigned slot)
{
	static const struct check_condition condition = {
		"guest.error",
		NULL,
		IDTNTB_WARNING,
		NULL,
		NULL,
		"the chip would not accept that: see this register's page and section in the register reference"
	};
	struct check_subject subject = { slot, -1, -1, NULL };
	struct idtntb_guest_error error;
	char text[CHECK_LINE];

	subject.text = check_line(text, "guest of port %u", inspect_setup(check->snapshot, slot)->port);
	for (unsigned e = 0; check->snapshot->counters[slot] && e < ERRORS_TOLD &&
			     idtntb_counters_guest_error(check->snapshot->counters[slot], e, &error);
	     e++)
		check_add(check, &condition, &subject, slot, 0, 0, error.text);
}

/* What a port has of its own, but for its pairs. */
static void check_own(struct check *check, unsigned slot)
{
	struct inspect_window window;

	check_interrupts(check, slot);
	check_doorbells(check, slot);
	check_messages(check, slot);
	for (unsigned w = 0; w < IDTNTB_WINDOWS; w++) {
		if (inspect_window(&window, check->snapshot, slot, w) && inspect_window_wanted(&window))
			check_window(check, slot, w);
	}
	check_errors(check, slot);
}

/* Pairs are told of when both have nothing of their own to tell: else each of them would tell it again. */
int idtntb_check(struct idtntb_findings *findings, const struct idtntb_snapshot *snapshot)
{
	struct check check = check_begin(findings, snapshot);
	uint32_t down = 0;

	for (unsigned s = 0; inspect_has(snapshot, s); s++)
		down |= check_link_port(&check, s) ? 1u << s : 0;
	for (unsigned s = 0; inspect_has(snapshot, s); s++) {
		for (unsigned peer = s + 1; inspect_has(snapshot, peer); peer++) {
			if (!(down >> s & 1) && !(down >> peer & 1))
				check_link_pair(&check, s, peer);
		}
	}
	for (unsigned s = 0; inspect_has(snapshot, s); s++)
		check_own(&check, s);
	return check_end(&check);
}

int idtntb_check_port(struct idtntb_findings *findings, const struct idtntb_snapshot *snapshot, unsigned slot)
{
	struct check check = check_begin(findings, snapshot);

	if (!inspect_has(snapshot, slot))
		return 0;
	for (unsigned peer = 0; inspect_has(snapshot, peer); peer++) {
		if (peer != slot)
			check_link_pair(&check, slot, peer);
	}
	check_own(&check, slot);
	return check_end(&check);
}

int idtntb_check_pair(struct idtntb_findings *findings, const struct idtntb_snapshot *snapshot, unsigned slot,
		      unsigned peer)
{
	struct check check = check_begin(findings, snapshot);

	if (inspect_has(snapshot, slot) && inspect_has(snapshot, peer) && slot != peer)
		check_link_pair(&check, slot, peer);
	return check_end(&check);
}

int idtntb_check_window(struct idtntb_findings *findings, const struct idtntb_snapshot *snapshot, unsigned slot,
			unsigned window)
{
	struct check check = check_begin(findings, snapshot);

	check_window(&check, slot, window);
	return check_end(&check);
}
