/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Owning a port: attach, detach, link, reset, service; and the delivery of effects.
 */
#include "port.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

void idt_nt_store(struct idtntb_port *port, uint32_t offset, uint32_t value)
{
	if (port->nt[offset / 4] == value)
		return;
	port->nt[offset / 4] = value;
	atomic_store(&port->shared->nt[offset / 4], value);
}

void idt_epoch_advance(struct idtntb_port *port)
{
	atomic_fetch_add(&port->sw->block->epoch, 1);
	port->effects |= EFFECT_WINDOWS;
	port->kicks |= idt_slots(port->sw);
}

/* Windows first: what an interrupt announces must go through. Kicks last: all they announce is in the block by then. */
void idt_effects_deliver(struct idtntb_port *port)
{
	uint32_t own = 1u << port->slot;

	while (port->effects || port->kicks) {
		uint32_t effects = port->effects | (port->kicks & own ? EFFECT_INTERRUPT : 0);
		uint32_t kicks = port->kicks & ~own;

		port->effects = 0;
		port->kicks = 0;
		if (effects & EFFECT_WINDOWS)
			idt_window_update(port);
		if (effects & EFFECT_INTERRUPT)
			idt_interrupt_update(port);
		if (kicks)
			port->ops.kick(port->opaque, kicks);
	}
}

/* Registers as after a reset of the function; BARSETUP is of the EEPROM and stays as built (section 13). */
static void registers_reset(struct idtntb_port *port)
{
	const struct idtntb_switch *sw = port->sw;

	for (uint32_t offset = 0; offset < IDTNTB_NT_SIZE; offset += 4) {
		const struct idt_decode *decode = &sw->nt[offset / 4];
		const struct idt_row *row = decode->row;
		uint32_t value = row ? idt_reset_value(row, &sw->topology, port->slot, decode->i) : 0;

		port->nt[offset / 4] = value;
		atomic_store(&port->shared->nt[offset / 4], value);
	}
	memset(port->lut, 0, sizeof(port->lut));
	for (unsigned t = 0; t < 2; t++) {
		for (unsigned e = 0; e < IDTNTB_LUT_ENTRIES; e++) {
			for (unsigned w = 0; w < 3; w++)
				atomic_store(&port->shared->lut[t][e][w], 0);
		}
	}
	atomic_store(&port->shared->indbellsts, 0);
	atomic_store(&port->shared->latch, 0);
	idt_message_reset(port);
	port->active = 0;
	port->cleared = 0;
	port->effects |= EFFECT_WINDOWS | EFFECT_INTERRUPT;
}

/* Replace the own member word. Only the owner and a sweeper write it; a sweeper was wrong if the owner still lives. */
static void member_set(struct idtntb_port *port, bool up)
{
	uint64_t word = atomic_load(&port->shared->member);
	bool was;

	port->link = up;
	do {
		was = word & MEMBER_UP;
		if (was == up && MEMBER_OWNER(word) == port->owner)
			return;
	} while (!atomic_compare_exchange_weak(&port->shared->member, &word,
					       member_word(port->owner, MEMBER_GENERATION(word) + (was != up), up)));
	if (was != up && !(atomic_load(&port->shared->forced) & 1))
		idt_event_link(port->sw, port->slot, up);
	idt_epoch_advance(port);
}

void idtntb_port_link_set(struct idtntb_port *port, bool up)
{
	member_set(port, up);
	idt_event_scan(port);
	idt_effects_deliver(port);
}

void idtntb_port_service(struct idtntb_port *port)
{
	uint32_t epoch = atomic_load(&port->sw->block->epoch);

	/* Whoever took this port for dead was wrong. */
	member_set(port, port->link);
	if (idt_event_scan(port) || epoch != port->seen_epoch) {
		port->seen_epoch = epoch;
		port->effects |= EFFECT_WINDOWS;
	}
	idt_message_discard(port);
	idt_poke_serve(port);
	port->effects |= EFFECT_INTERRUPT;
	idt_effects_deliver(port);
}

void idtntb_port_announce(struct idtntb_port *port)
{
	port->kicks |= idt_slots(port->sw);
	idtntb_port_service(port);
}

void idtntb_port_reset(struct idtntb_port *port)
{
	bool up = port->link;

	idt_log_change(port, &port->resets_told, IDTNTB_LOG_INFO, "reset");
	member_set(port, false);
	idt_effects_deliver(port);
	registers_reset(port);
	idt_event_reset(port, false);
	if (up)
		member_set(port, true);
	idt_event_scan(port);
	/* The host that comes out of reset is not told of its own. */
	atomic_store(&port->shared->latch, 0);
	idt_effects_deliver(port);
}

static bool ops_valid(const struct idtntb_port_ops *ops)
{
	/*
	 * Optional: drain, window_changed, peer_read, peer_write, log, guest_error. Commented as Linux's
	 * ntb_dev_ops_is_valid() does it.
	 */
	return ops->size >= offsetof(struct idtntb_port_ops, drain) && ops->msi && ops->intx && ops->kick &&
	       /* ops->drain && */
	       /* ops->window_changed && */
	       !ops->peer_read == !ops->peer_write;
}

int idtntb_port_attach(struct idtntb_port **handle, struct idtntb_switch *sw, unsigned number, uint32_t owner,
		       const struct idtntb_port_ops *ops, void *opaque, struct idtntb_error *error)
{
	int slot = idtntb_switch_slot(sw, number);
	struct idtntb_port_ops table = { 0 };
	struct idtntb_port *port;
	uint64_t word;

	if (slot < 0)
		return idt_error(error, -EINVAL, "port %u is no NT port of this switch", number);
	if (sw->image)
		return idt_error(error, -EROFS, "a saved state that was opened to look into it has no ports to attach");
	if (!owner)
		return idt_error(error, -EINVAL, "owner 0 means nobody: any other number would be right");
	memcpy(&table, ops, ops->size < sizeof(table) ? ops->size : sizeof(table));
	if (!ops_valid(&table))
		return idt_error(error, -EINVAL, "the table of callbacks lacks one that is not optional");
	port = calloc(1, sizeof(*port));
	if (!port)
		return idt_error(error, -ENOMEM, "no memory for the handle of port %u", number);
	port->sw = sw;
	port->slot = (unsigned)slot;
	port->shared = idt_block_port(sw, port->slot);
	port->owner = owner;
	port->ops = table;
	port->opaque = opaque;
	port->log_level = IDTNTB_LOG_INFO;
	port->counters = &port->own_counters;
	/* What was asked of the last owner is not asked of this one. */
	port->poked = POKE_TICKET(atomic_load(&port->shared->poke));

	word = atomic_load(&port->shared->member);
	if (MEMBER_OWNER(word))
		idtntb_switch_sweep(sw, number, MEMBER_OWNER(word));
	atomic_store(&port->shared->bell, 0);
	for (unsigned s = 0; s < sw->topology.port_count; s++) {
		port->seen[s].member = atomic_load(&idt_block_port(sw, s)->member);
		port->seen[s].forced = atomic_load(&idt_block_port(sw, s)->forced);
	}
	registers_reset(port);
	member_set(port, false);
	idt_event_reset(port, true);
	idt_event_scan(port);
	atomic_store(&port->shared->latch, 0);
	idt_effects_deliver(port);
	*handle = port;
	return 0;
}

void idtntb_port_detach(struct idtntb_port *port)
{
	uint32_t others;

	if (!port)
		return;
	idt_nt_store(port, NT_PCICMDSTS, idt_nt(port, NT_PCICMDSTS) & ~(PCICMD_MEM | PCICMD_BME));
	idt_nt_store(port, NT_NTCTL, 0);
	idt_window_update(port);
	/* Nobody would lower the line of a host that goes on without this device. */
	idt_nt_store(port, NT_NTINTMSK, NTINT_ALL);
	idt_interrupt_update(port);
	idtntb_switch_sweep(port->sw, idtntb_port_number(port), port->owner);
	others = idt_slots(port->sw) & ~(1u << port->slot);
	if (others)
		port->ops.kick(port->opaque, others);
	free(port);
}

int idtntb_port_move(struct idtntb_port *port, struct idtntb_switch *to, struct idtntb_error *error)
{
	struct block_port *from = port->shared;
	uint32_t untouched = 0;

	if (idtntb_topology_compare(&port->sw->topology, &to->topology, error))
		return -EPROTO;
	port->sw = to;
	port->shared = idt_block_port(to, port->slot);
	port->poked = POKE_TICKET(atomic_load(&port->shared->poke));
	for (uint32_t d = 0; d < NT_DWORDS; d++)
		atomic_store(&port->shared->nt[d], port->nt[d]);
	for (unsigned t = 0; t < 2; t++) {
		for (unsigned e = 0; e < IDTNTB_LUT_ENTRIES; e++) {
			for (unsigned w = 0; w < 3; w++)
				atomic_store(&port->shared->lut[t][e][w], port->lut[t][e][w]);
		}
	}
	/* A link broken on purpose stays so, unless somebody has been at it there. */
	atomic_compare_exchange_strong(&port->shared->forced, &untouched, atomic_load(&from->forced));
	idt_message_move(port, from);
	atomic_fetch_or(&port->shared->indbellsts, atomic_load(&from->indbellsts));
	atomic_fetch_or(&port->shared->latch, atomic_load(&from->latch) & NTINT_LATCHED);
	/* Generations start anew there; that alone is no event. */
	for (unsigned s = 0; s < to->topology.port_count; s++) {
		uint32_t generation = MEMBER_GENERATION(atomic_load(&idt_block_port(to, s)->member));

		if (!(port->seen[s].member & MEMBER_UP))
			port->seen[s].member = member_word(0, generation, false);
	}
	idtntb_port_service(port);
	return 0;
}

void idtntb_port_bell_set(struct idtntb_port *port, uint32_t bell)
{
	atomic_store(&port->shared->bell, bell);
}

void idtntb_port_log_set(struct idtntb_port *port, enum idtntb_log_level level)
{
	port->log_level = level;
}

struct idtntb_switch *idtntb_port_switch(const struct idtntb_port *port)
{
	return port->sw;
}

unsigned idtntb_port_number(const struct idtntb_port *port)
{
	return port->sw->topology.ports[port->slot].port;
}

unsigned idtntb_port_slot(const struct idtntb_port *port)
{
	return port->slot;
}
