/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Why an interrupt does not arrive (sections 9, 10.1). Status bits come and go in a healthy switch: what is told of them is
 * momentary, and worth a second look.
 */
#include "check.h"

#define NTINT_MSG 0x1u
#define NTINT_DBELL 0x2u
#define NTINT_SEVENT 0x8u

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

/* A condition that should have interrupted, and could: without bus master that is the trouble, not the driver. */
static bool is_stuck(const struct interrupt *at, uint32_t condition)
{
	return at->status & ~at->mask & condition && may_send(at);
}

static bool sevent_cleared(const struct interrupt *at)
{
	return !is_stuck(at, NTINT_SEVENT);
}

static bool doorbells_cleared(const struct interrupt *at)
{
	return !is_stuck(at, NTINT_DBELL);
}

static bool messages_cleared(const struct interrupt *at)
{
	return !is_stuck(at, NTINT_MSG);
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
