/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Interrupts: derived and latched conditions, MSI edges, the INTA level (section 9). Only the owner computes them.
 */
#include "hooks.h"
#include "port.h"

/* Conditions as NTINTSTS shows them, from sources and masks. */
static uint32_t conditions(const struct idt_sources *sources, uint32_t outbound, uint32_t doorbell_mask,
			   uint32_t message_mask)
{
	uint32_t messages = sources->inbound << MSGSTS_IN_SHIFT | outbound;

	return (messages & ~message_mask ? NTINT_MSG : 0) | (sources->doorbells & ~doorbell_mask ? NTINT_DBELL : 0) |
	       (sources->latch & NTINT_LATCHED);
}

static struct idt_sources sources_load(const struct idtntb_switch *sw, unsigned slot, uint64_t ack)
{
	const struct block_port *shared = idt_block_port(sw, slot);

	return (struct idt_sources){
		.doorbells = atomic_load(&shared->indbellsts),
		.inbound = idt_message_inbound(sw, slot, ack),
		.latch = atomic_load(&shared->latch),
	};
}

static uint32_t live_conditions(const struct idtntb_port *port, const struct idt_sources *sources)
{
	return conditions(sources, port->outbound, idt_nt(port, NT_INDBELLMSK), idt_nt(port, NT_MSGSTSMSK));
}

uint32_t idt_ntintsts_read(const struct idt_read *read)
{
	const struct block_port *shared = idt_block_port(read->sw, read->slot);
	struct idt_sources sources;

	if (read->owner) {
		sources = sources_load(read->sw, read->slot, read->owner->message_ack);
		return live_conditions(read->owner, &sources);
	}
	sources = sources_load(read->sw, read->slot, atomic_load(&shared->message_ack));
	return conditions(&sources, atomic_load(&shared->nt[NT_MSGSTS / 4]) & MSGSTS_OUT,
			  atomic_load(&shared->nt[NT_INDBELLMSK / 4]), atomic_load(&shared->nt[NT_MSGSTSMSK / 4]));
}

/* PCISTS.INTS is the live condition, whatever the way it is signalled. */
uint32_t idt_pcicmdsts_read(const struct idt_read *read)
{
	uint32_t pending = 0;

	if (read->owner)
		pending = idt_ntintsts_read(read) & ~idt_nt(read->owner, NT_NTINTMSK);
	return (read->stored & ~PCISTS_INTS) | (pending ? PCISTS_INTS : 0);
}

void idt_ntintsts_write(struct idtntb_port *port, const struct idt_write *write)
{
	uint32_t clear = write->value & NTINT_LATCHED;

	port->after.latch = atomic_fetch_and(&port->shared->latch, ~clear) & ~clear;
	port->cleared |= SOURCE_LATCH;
	port->effects |= EFFECT_INTERRUPT;
}

void idt_interrupt_input_write(struct idtntb_port *port, const struct idt_write *write)
{
	(void)write;
	port->effects |= EFFECT_INTERRUPT;
}

/* Peers look at BME, windows at MEM and BME, interrupts at BME and INTXD. */
void idt_pcicmdsts_write(struct idtntb_port *port, const struct idt_write *write)
{
	uint32_t changed = write->old ^ idt_nt(port, NT_PCICMDSTS);

	if (changed & (PCICMD_BME | PCICMD_MEM))
		port->effects |= EFFECT_WINDOWS;
	if (changed & PCICMD_BME)
		idt_epoch_advance(port);
	port->effects |= EFFECT_INTERRUPT;
}

static void intx_set(struct idtntb_port *port, bool level)
{
	if (port->intx == level)
		return;
	port->intx = level;
	idt_log(port, IDTNTB_LOG_DEBUG, "INTA %s", level ? "asserted" : "deasserted");
	if (level)
		idt_count(&port->counters->interrupts);
	port->ops.intx(port->opaque, level);
}

/* One MSI for the conditions that have appeared. What cannot be sent is not taken as announced. */
static void msi_send(struct idtntb_port *port, uint32_t appeared)
{
	uint64_t address = (uint64_t)idt_nt(port, NT_MSIUADDR) << 32 | idt_nt(port, NT_MSIADDR);

	if (!(idt_nt(port, NT_PCICMDSTS) & PCICMD_BME)) {
		port->active &= ~appeared;
		return;
	}
	idt_log(port, IDTNTB_LOG_DEBUG, "MSI for NTINTSTS 0x%02x", appeared);
	idt_count(&port->counters->interrupts);
	port->ops.msi(port->opaque, address, idt_nt(port, NT_MSIMDATA));
}

static void settle(struct idtntb_port *port, const struct idt_sources *sources)
{
	uint32_t act = live_conditions(port, sources) & ~idt_nt(port, NT_NTINTMSK);
	uint32_t appeared = act & ~port->active;

	/* Data that peers wrote before must be there when the host learns of it (section 13). */
	if (appeared && port->ops.drain)
		port->ops.drain(port->opaque);
	if (idt_nt(port, NT_MSICAP) & MSICAP_ENABLE) {
		intx_set(port, false);
		port->active = act;
		if (appeared)
			msi_send(port, appeared);
	} else {
		/* When MSI is enabled later, what is pending then makes an edge. */
		port->active = 0;
		intx_set(port, act && !(idt_nt(port, NT_PCICMDSTS) & PCICMD_INTXD));
	}
}

/*
 * First with what the clearing atomics returned, then with what is there now: a bit that was set in between is an edge,
 * not a level that never fell.
 */
void idt_interrupt_update(struct idtntb_port *port)
{
	struct idt_sources sources = sources_load(port->sw, port->slot, port->message_ack);

	if (port->cleared) {
		struct idt_sources after = sources;

		if (port->cleared & SOURCE_DOORBELLS)
			after.doorbells = port->after.doorbells;
		if (port->cleared & SOURCE_INBOUND)
			after.inbound = port->after.inbound;
		if (port->cleared & SOURCE_LATCH)
			after.latch = port->after.latch;
		port->cleared = 0;
		settle(port, &after);
	}
	settle(port, &sources);
}
