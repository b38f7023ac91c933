/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Switch events and links (section 10.1). SEVENT is latched per partition on the event. Signals are latched by who sends
 * them; of links each owner latches its own when it sees that a member word has moved on, so that nobody depends on an
 * announcer who may die.
 */
#include "hooks.h"
#include "port.h"

/* A source of switch events: its bit in SESTS and SEMSK, its status and its mask. */
struct source {
	uint32_t bit;
	uint32_t status, mask;
};

static const struct source sources[] = {
	{ SE_LINKUP, GAS_SELINKUPSTS, GAS_SELINKUPMSK }, { SE_LINKDN, GAS_SELINKDNSTS, GAS_SELINKDNMSK },
	{ SE_FRST, GAS_SEFRSTSTS, GAS_SEFRSTMSK },       { SE_HRST, GAS_SEHRSTSTS, GAS_SEHRSTMSK },
	{ SE_GSIGNAL, GAS_SEGSIGSTS, GAS_SEGSIGMSK },
};

#define SOURCES (sizeof(sources) / sizeof(sources[0]))

static const struct source *source_of(uint32_t event)
{
	for (size_t s = 0; s < SOURCES; s++) {
		if (sources[s].bit == event)
			return &sources[s];
	}
	return NULL;
}

uint32_t idt_sests_read(const struct idt_read *read)
{
	uint32_t status = 0;

	for (size_t s = 0; s < SOURCES; s++) {
		if (atomic_load(idt_csr(read->sw, sources[s].status)) &
		    ~atomic_load(idt_csr(read->sw, sources[s].mask)))
			status |= sources[s].bit;
	}
	return status;
}

/*
 * Nothing comes through a broken link: to a host whose own is down every other link is, so that it notices too when it is
 * broken on purpose. The driver looks at those of its peers only (section 10.2; a choice, section 14).
 */
uint32_t idt_swportsts_read(const struct idt_read *read)
{
	int slot = read->sw->slot_of_port[read->i];
	bool up = slot >= 0 && idt_linkup(read->sw, (unsigned)slot);

	if (up && read->owner)
		up = idt_linkup(read->sw, read->owner->slot);
	return up ? read->stored | 1u << 4 : read->stored;
}

/* Whether bit `which` of an event is let through to signal(). */
static bool unmasked(const struct idtntb_switch *sw, uint32_t event, unsigned which)
{
	return !(atomic_load(idt_csr(sw, source_of(event)->mask)) >> which & 1) &&
	       !(atomic_load(idt_csr(sw, GAS_SEMSK)) & event);
}

/* signal(): latch a bit of NTINTSTS in every partition that SEPMSK lets through; returns their slots. */
uint32_t idt_event_signal(const struct idtntb_switch *sw, uint32_t latch)
{
	uint32_t masked = atomic_load(idt_csr(sw, GAS_SEPMSK)), slots = 0;

	for (unsigned slot = 0; slot < sw->topology.port_count; slot++) {
		if (masked >> idt_partition(sw, slot) & 1)
			continue;
		atomic_fetch_or(&idt_block_port(sw, slot)->latch, latch);
		slots |= 1u << slot;
	}
	return slots;
}

/* An event of a partition: resets and signals. Signalled each time, even if the status bit was set already. */
static void partition_event(struct idtntb_port *port, uint32_t event, unsigned partition)
{
	const struct idtntb_switch *sw = port->sw;

	atomic_fetch_or(idt_csr(sw, source_of(event)->status), 1u << partition);
	if (unmasked(sw, event, partition))
		port->kicks |= idt_event_signal(sw, NTINT_SEVENT);
}

void idt_ntgsignal_write(struct idtntb_port *port, const struct idt_write *write)
{
	if (write->value & 1)
		partition_event(port, SE_GSIGNAL, idt_partition(port->sw, write->slot));
}

void idt_event_reset(struct idtntb_port *port, bool fundamental)
{
	partition_event(port, fundamental ? SE_FRST : SE_HRST, idt_own_partition(port));
}

/* The status of a link event, by whoever made it; owners latch when they see the member word. */
void idt_event_link(const struct idtntb_switch *sw, unsigned slot, bool up)
{
	atomic_fetch_or(idt_csr(sw, source_of(up ? SE_LINKUP : SE_LINKDN)->status),
			1u << sw->topology.ports[slot].port);
}

static void link_notice(struct idtntb_port *port, unsigned slot, bool up)
{
	const struct idtntb_switch *sw = port->sw;
	unsigned number = sw->topology.ports[slot].port;

	idt_log_change(port, &port->links_told[slot], IDTNTB_LOG_INFO, "link of port %u is %s", number,
		       up ? "up" : "down");
	if (unmasked(sw, up ? SE_LINKUP : SE_LINKDN, number) &&
	    !(atomic_load(idt_csr(sw, GAS_SEPMSK)) >> idt_own_partition(port) & 1)) {
		atomic_fetch_or(&port->shared->latch, NTINT_SEVENT);
		port->effects |= EFFECT_INTERRUPT;
	}
}

static bool linked(const struct idt_member_seen *seen)
{
	return (seen->member & MEMBER_UP) && !(seen->forced & 1);
}

/* Whether a link that is down, as it was at the last look, has been up in between. */
static bool pulsed(const struct idt_member_seen *seen, const struct idt_member_seen *now)
{
	return !((seen->forced | now->forced) & 1) && MEMBER_GENERATION(seen->member) != MEMBER_GENERATION(now->member);
}

/* Look at who is there; true when somebody's link has changed since the last look. */
bool idt_event_scan(struct idtntb_port *port)
{
	bool changed = false;

	for (unsigned slot = 0; slot < port->sw->topology.port_count; slot++) {
		const struct block_port *shared = idt_block_port(port->sw, slot);
		struct idt_member_seen *seen = &port->seen[slot];
		struct idt_member_seen now = { atomic_load(&shared->member), atomic_load(&shared->forced) };
		bool was = linked(seen), is = linked(&now);

		if (now.member == seen->member && now.forced == seen->forced)
			continue;
		bool blip = !was && !is && pulsed(seen, &now);

		*seen = now;
		changed = true;
		if (blip)
			link_notice(port, slot, true);
		if (was || blip)
			link_notice(port, slot, false);
		if (is)
			link_notice(port, slot, true);
	}
	return changed;
}
