/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why a doorbell, a message or an interrupt does not arrive (sections 7 to 9). Status bits come and go in a healthy
 * switch: what is told of them is momentary, and worth a second look.
 */
#include "check.h"

#define NTINT_MSG 0x1u
#define NTINT_DBELL 0x2u
#define NTINT_SEVENT 0x8u

/* ------------------------------------------------------------------ doorbells */

/* What is known of the doorbells of all ports. */
struct bells {
	bool known; /* every port that is held has a history */
	uint32_t status[IDTNTB_PORTS], mask[IDTNTB_PORTS], rung[IDTNTB_PORTS], unmasked[IDTNTB_PORTS];
};

static void bells_get(struct bells *bells, const struct idtntb_snapshot *snapshot)
{
	struct idtntb_doorbell_history history;
	struct idtntb_member member;

	memset(bells, 0, sizeof(*bells));
	bells->known = true;
	for (unsigned s = 0; inspect_has(snapshot, s); s++) {
		idtntb_switch_member(snapshot->sw, inspect_setup(snapshot, s)->port, &member);
		/* Nobody listens at a port that nobody holds, though reset leaves all doorbells unmasked. */
		bells->mask[s] = ~0u;
		if (!member.owner)
			continue;
		bells->mask[s] = inspect_peek(snapshot, s, "INDBELLMSK", 0, 0);
		bells->status[s] = inspect_peek(snapshot, s, "INDBELLSTS", 0, 0);
		if (!snapshot->counters[s]) {
			bells->known = false;
			continue;
		}
		idtntb_counters_doorbells(snapshot->counters[s], &history);
		bells->rung[s] = history.rung;
		bells->unmasked[s] = history.unmasked;
	}
}

/* Doorbells that this port rings, that arrived at a peer and that no peer has ever listened to: the wrong ones. */
static void bells_wrong(struct check *check, const struct bells *bells, unsigned slot)
{
	static const struct check_condition condition = {
		"doorbell.bit",
		"INDBELLMSK",
		IDTNTB_ERROR,
		"",
		NULL,
		"doorbells have no destination: ring the bit that the peer's client unmasks in INDBELLMSK, its port number "
		"for ntb_pingpong"
	};
	struct check_subject subject = { slot, -1, -1, NULL };
	char text[CHECK_LINE], line[CHECK_LINE], list[INSPECT_BITS];
	unsigned port = inspect_setup(check->snapshot, slot)->port;
	uint32_t heard = 0, pending = 0;
	int victim = -1;

	for (unsigned s = 0; inspect_has(check->snapshot, s); s++) {
		if (s == slot)
			continue;
		heard |= bells->unmasked[s] | ~bells->mask[s];
		pending |= bells->status[s];
		if (bells->rung[slot] & bells->status[s] & bells->mask[s])
			victim = (int)s;
	}
	if (victim < 0 || !(bells->rung[slot] & pending & ~heard))
		return;
	subject.peer = victim;
	subject.text = check_line(text, "doorbells of port %u", port);
	check_add(check, &condition, &subject, (unsigned)victim, 0, 0,
		  check_line(line,
			     "port %u rings doorbell %s, which every peer masks in INDBELLMSK: is it the wrong bit?",
			     port, inspect_bits(bells->rung[slot] & pending & ~heard, list)));
}

/* Pending and masked here, rung by a peer and not by oneself, and listened to once: the mask is wrong. */
static void bells_masked(struct check *check, const struct bells *bells, unsigned slot)
{
	static const struct check_condition condition = {
		"doorbell.mask",
		"INDBELLMSK",
		IDTNTB_WARNING,
		"INDBELLMSK",
		NULL,
		"a bit of INDBELLMSK masks its doorbell when it is 1: clear the bits that shall interrupt; is it inverted?"
	};
	struct check_subject subject = { slot, -1, -1, NULL };
	char text[CHECK_LINE], line[CHECK_LINE], list[INSPECT_BITS];
	unsigned port = inspect_setup(check->snapshot, slot)->port;
	uint32_t bits = bells->status[slot] & bells->mask[slot] & bells->unmasked[slot] & ~bells->rung[slot], rung = 0;

	for (unsigned s = 0; inspect_has(check->snapshot, s); s++) {
		if (bells->rung[s] & bits)
			subject.peer = (int)s;
		rung |= bells->rung[s];
	}
	if (!(bits & rung))
		return;
	subject.text = check_line(text, "doorbells of port %u", port);
	check_add(check, &condition, &subject, slot, 0, 0,
		  check_line(line, "doorbell %s is pending but masked in INDBELLMSK of port %u: no interrupt for it",
			     inspect_bits(bits & rung, list), port));
}

/* Doorbells that the global masks keep from being rung, or from arriving. */
static void bells_global(struct check *check, const struct bells *bells, unsigned slot)
{
	static const struct check_condition out = {
		"doorbell.global",
		"GODBELLMSK%u",
		IDTNTB_ERROR,
		NULL,
		NULL,
		"clear the partition's bit in GODBELLMSK, or ring another doorbell"
	};
	static const struct check_condition in = { "doorbell.reach",
						   "GIDBELLMSK%u",
						   IDTNTB_NOTE,
						   NULL,
						   NULL,
						   "clear the partition's bit in GIDBELLMSK if it should be reached" };
	unsigned partition = inspect_setup(check->snapshot, slot)->partition;
	struct check_subject subject = { slot, -1, -1, NULL };
	char text[CHECK_LINE], line[CHECK_LINE];

	subject.text = check_line(text, "doorbells of port %u", inspect_setup(check->snapshot, slot)->port);
	for (unsigned b = 0; b < IDTNTB_DOORBELLS; b++) {
		uint32_t rung = 0;

		for (unsigned s = 0; inspect_has(check->snapshot, s); s++)
			rung |= s == slot ? 0 : bells->rung[s];
		if (bells->rung[slot] >> b & 1 &&
		    inspect_peek(check->snapshot, slot, "GODBELLMSK%u", b, 0) >> partition & 1)
			check_add(check, &out, &subject, slot, b, 0,
				  check_line(line, "it rings doorbell %u, which partition %u may not ring", b,
					     partition));
		if (rung >> b & ~bells->mask[slot] >> b & 1 &&
		    inspect_peek(check->snapshot, slot, "GIDBELLMSK%u", b, 0) >> partition & 1)
			check_add(
				check, &in, &subject, slot, b, 0,
				check_line(line, "doorbell %u is rung, but does not reach partition %u", b, partition));
	}
}

void check_doorbells(struct check *check, unsigned slot)
{
	struct bells bells;

	bells_get(&bells, check->snapshot);
	bells_global(check, &bells, slot);
	if (!bells.known)
		return;
	bells_wrong(check, &bells, slot);
	bells_masked(check, &bells, slot);
}

/* ------------------------------------------------------------------ messages */

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

/* ------------------------------------------------------------------ interrupts */

/* What an interrupt of a port needs, each word fetched once. */
struct interrupt {
	const struct idtntb_snapshot *snapshot;
	unsigned slot, partition, port;
	uint32_t status, mask, msicap, msiaddr, msiuaddr, command;
	uint32_t semsk, sepmsk;
	bool used; /* a driver is at work: its link is enabled */
};

static bool is_unmasked(const struct interrupt *at)
{
	return !at->used || !(at->mask & (NTINT_MSG | NTINT_DBELL | NTINT_SEVENT));
}

static bool has_way(const struct interrupt *at)
{
	return !at->used || inspect_field("MSICAP", "EN", at->msicap) ||
	       !inspect_field("PCICMDSTS", "INTXD", at->command);
}

static bool has_address(const struct interrupt *at)
{
	return !inspect_field("MSICAP", "EN", at->msicap) || at->msiaddr || at->msiuaddr;
}

static bool may_send(const struct interrupt *at)
{
	return !(at->status & ~at->mask) || !inspect_field("MSICAP", "EN", at->msicap) ||
	       inspect_field("PCICMDSTS", "BME", at->command);
}

static bool sevent_cleared(const struct interrupt *at)
{
	return !(at->status & ~at->mask & NTINT_SEVENT);
}

static bool doorbells_cleared(const struct interrupt *at)
{
	return !(at->status & ~at->mask & NTINT_DBELL);
}

static bool messages_cleared(const struct interrupt *at)
{
	return !(at->status & ~at->mask & NTINT_MSG);
}

static bool events_unmasked(const struct interrupt *at)
{
	return !at->used ||
	       !(inspect_field("SEMSK", "LINKUP", at->semsk) || inspect_field("SEMSK", "LINKDN", at->semsk) ||
		 inspect_field("SEMSK", "GSIGNAL", at->semsk));
}

static bool partition_unmasked(const struct interrupt *at)
{
	return !at->used || !(at->sepmsk >> at->partition & 1);
}

static const struct {
	bool (*holds)(const struct interrupt *at);
	struct check_condition condition;
} interrupts[] = {
	{ is_unmasked,
	  { "interrupt.mask", "NTINTMSK", IDTNTB_ERROR, "",
	    "interrupts are masked although the link is enabled: MSG (0), DBELL (1) or SEVENT (3) is 1 in NTINTMSK",
	    "a bit masks when it is 1: the driver must clear bits 0, 1 and 3 of NTINTMSK (value & ~0xB); is it inverted?" } },
	{ has_way,
	  { "interrupt.way", "MSICAP", IDTNTB_ERROR, NULL,
	    "MSI is off (MSICAP.EN is 0) and INTx is disabled (INTXD is 1)",
	    "enable MSI (pci_alloc_irq_vectors()), or clear INTXD in PCICMD" } },
	{ has_address,
	  { "interrupt.address", "MSIADDR", IDTNTB_ERROR, NULL, "MSI is on (MSICAP.EN is 1), but its address is 0",
	    "the PCI core writes MSIADDR when vectors are allocated; it is lost in a reset" } },
	{ may_send,
	  { "interrupt.bme", "PCICMDSTS", IDTNTB_ERROR, "",
	    "an interrupt is pending, but bus master is off (PCICMD.BME is 0): no MSI can be sent",
	    "the driver must call pci_set_master() and keep it on" } },
	{ sevent_cleared,
	  { "interrupt.sevent", "NTINTSTS", IDTNTB_ERROR, "NTINTSTS",
	    "SEVENT stays set: the driver does not clear it, so no further switch event interrupts",
	    "write 8 to NTINTSTS in the interrupt handler, before the link state is read" } },
	{ doorbells_cleared,
	  { "interrupt.dbell", "INDBELLSTS", IDTNTB_WARNING, "INDBELLSTS",
	    "DBELL stays set: unmasked doorbells are not cleared, so no further doorbell interrupts",
	    "write the bits to INDBELLSTS (ntb_db_clear()), or mask those that nobody handles in INDBELLMSK" } },
	{ messages_cleared,
	  { "interrupt.msg", "MSGSTS", IDTNTB_WARNING, "MSGSTS",
	    "MSG stays set: unmasked message bits are not cleared, so no further message interrupts",
	    "write the bits to MSGSTS (ntb_msg_clear_sts()) when a message has been read" } },
	{ events_unmasked,
	  { "event.mask", "SEMSK", IDTNTB_ERROR, NULL,
	    "switch events are masked for all: LINKUP, LINKDN or GSIGNAL is 1 in SEMSK, so links change unnoticed",
	    "write ~0x23 to SEMSK, as the driver does when it probes" } },
	{ partition_unmasked,
	  { "event.partition", "SEPMSK", IDTNTB_ERROR, NULL,
	    "switch events do not reach this port: the bit of its partition is 1 in SEPMSK",
	    "clear the bits of all partitions with an NT port; the driver that probed last has written it" } },
};

void check_interrupts(struct check *check, unsigned slot)
{
	const struct idtntb_snapshot *snapshot = check->snapshot;
	struct check_subject subject = { slot, -1, -1, NULL };
	char text[CHECK_LINE];
	struct inspect_side side;
	struct interrupt at = { .snapshot = snapshot,
				.slot = slot,
				.status = inspect_peek(snapshot, slot, "NTINTSTS", 0, 0),
				.msicap = inspect_peek(snapshot, slot, "MSICAP", 0, 0),
				.msiaddr = inspect_peek(snapshot, slot, "MSIADDR", 0, 0),
				.msiuaddr = inspect_peek(snapshot, slot, "MSIUADDR", 0, 0),
				.semsk = inspect_peek(snapshot, slot, "SEMSK", 0, 0),
				.sepmsk = inspect_peek(snapshot, slot, "SEPMSK", 0, 0) };

	inspect_side(&side, snapshot, slot);
	at.partition = side.partition;
	at.port = side.port;
	at.mask = side.ntintmsk;
	at.command = side.pcicmdsts;
	at.used = side.cpen && side.valid;
	subject.text = check_line(text, "interrupts of port %u", side.port);
	if (!side.member.owner)
		return;
	for (size_t c = 0; c < sizeof(interrupts) / sizeof(interrupts[0]); c++) {
		if (!interrupts[c].holds(&at))
			check_add(check, &interrupts[c].condition, &subject, slot, 0, 0, NULL);
	}
}
