/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why a message does not arrive (section 8).
 */
#include "check.h"

/* One outbound register whose last message was lost, or whose route cannot work. */
static void route_check(struct check *check, const struct check_subject *subject, unsigned m, bool failed)
{
	static const struct check_condition nowhere = {
		"message.route",
		"SWP%uMSGCTL%u",
		IDTNTB_ERROR,
		NULL,
		NULL,
		"write the partition of the peer to PART (bits 6:4) of SWPkMSGCTLm, k being the sender's own partition"
	};
	static const struct check_condition full = {
		"message.full",
		"MSGSTS",
		IDTNTB_WARNING,
		"MSGSTS",
		NULL,
		"the receiver's driver must clear INMSGSTS (write 1 to MSGSTS) after it has read the message; then send again"
	};
	const struct idtntb_snapshot *snapshot = check->snapshot;
	unsigned own = inspect_setup(snapshot, subject->slot)->partition;
	uint32_t route = inspect_peek(snapshot, subject->slot, "SWP%uMSGCTL%u", own, m);
	unsigned partition = inspect_field("SWP%uMSGCTL%u", "PART", route);
	unsigned reg = inspect_field("SWP%uMSGCTL%u", "REG", route);
	int target = inspect_slot_of_partition(snapshot, partition);
	struct check_subject with = *subject;
	char line[CHECK_LINE];

	if (target < 0 || (unsigned)target == subject->slot) {
		/* Reset routes to partition 0, be it one's own: of no account until something was lost by it. */
		if (failed || route)
			check_add(check, &nowhere, subject, subject->slot, own, m,
				  check_line(line, "message %u is routed to partition %u, %s%s", m, partition,
					     target < 0 ? "which has no NT port" : "the sender's own",
					     failed ? ": it was lost (OUTMSGSTS)" : ""));
		return;
	}
	if (!failed)
		return;
	with.peer = target;
	check_add(check, &full, &with, (unsigned)target, 0, 0,
		  check_line(line, "message %u was lost: register %u of port %u was full", m, reg,
			     inspect_setup(snapshot, (unsigned)target)->port));
}

void check_messages(struct check *check, unsigned slot)
{
	uint32_t status = inspect_peek(check->snapshot, slot, "MSGSTS", 0, 0);
	struct check_subject subject = { slot, -1, -1, NULL };
	char text[CHECK_LINE];

	subject.text = check_line(text, "messages of port %u", inspect_setup(check->snapshot, slot)->port);
	for (unsigned m = 0; m < IDTNTB_MESSAGES; m++)
		route_check(check, &subject, m, inspect_field("MSGSTS", "OUTMSGSTS", status) >> m & 1);
}
