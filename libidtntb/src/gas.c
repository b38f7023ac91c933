/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The global address space and the window to it (section 4).
 */
#include "hooks.h"
#include "port.h"

enum target {
	TARGET_NONE,
	TARGET_NT, /* NT function of a port in use */
	TARGET_BRIDGE, /* place of a port's bridge function */
	TARGET_SWITCH,
};

/* What a global address names; a slot for NT functions (section 4.2). */
static enum target decode(const struct idtntb_switch *sw, uint32_t address, unsigned *slot)
{
	unsigned port = address / GAS_PORT_STRIDE;

	if (address >= GAS_SWITCH && address < IDTNTB_GAS_SIZE)
		return TARGET_SWITCH;
	if (port >= IDTNTB_PORT_NUMBERS)
		return TARGET_NONE;
	if (!(address & GAS_NT_OFFSET))
		return TARGET_BRIDGE;
	if (sw->slot_of_port[port] < 0)
		return TARGET_NONE;
	*slot = (unsigned)sw->slot_of_port[port];
	return TARGET_NT;
}

static uint32_t csr_peek(const struct idtntb_switch *sw, const struct idtntb_port *owner, uint32_t address)
{
	const struct idt_decode *entry = &sw->csr[(address - GAS_SWITCH) / 4];
	const struct idt_row *row = entry->row;
	const struct idt_read read = { .sw = sw,
				       .owner = owner,
				       .address = address,
				       .i = entry->i,
				       .j = entry->j,
				       .stored = atomic_load(idt_csr(sw, address)) };

	if (!row)
		return 0;
	return row->read ? row->read(&read) : read.stored;
}

static const struct idt_row *bridge_row(uint32_t offset)
{
	for (size_t r = 0; r < idt_rows_bridge.count; r++) {
		if (idt_rows_bridge.rows[r].reg.address == offset)
			return &idt_rows_bridge.rows[r];
	}
	return NULL;
}

/* A bridge is described by constants. */
static uint32_t bridge_peek(const struct idtntb_switch *sw, uint32_t offset)
{
	const struct idt_row *row = bridge_row(offset);

	return row ? idt_reset_value(row, &sw->topology, 0, 0) : 0;
}

bool idt_gas_row(const struct idtntb_switch *sw, uint32_t address, struct idt_decode *found, unsigned *slot)
{
	*found = (struct idt_decode){ 0 };
	if (address >= IDTNTB_GAS_SIZE)
		return false;
	address &= ~3u;
	switch (decode(sw, address, slot)) {
	case TARGET_SWITCH:
		*found = sw->csr[(address - GAS_SWITCH) / 4];
		break;
	case TARGET_BRIDGE:
		found->row = bridge_row(address % GAS_PORT_STRIDE);
		break;
	case TARGET_NT:
		*found = sw->nt[address % GAS_NT_OFFSET / 4];
		break;
	case TARGET_NONE:
		break;
	}
	return found->row;
}

uint32_t idt_gas_peek(const struct idtntb_switch *sw, const struct idtntb_port *owner, uint32_t address)
{
	unsigned slot;

	address &= IDTNTB_GAS_SIZE - 4;
	switch (decode(sw, address, &slot)) {
	case TARGET_SWITCH:
		return csr_peek(sw, owner, address);
	case TARGET_BRIDGE:
		return bridge_peek(sw, address % GAS_PORT_STRIDE);
	case TARGET_NT:
		/* GASADATA seen through GASADATA would recurse (section 4.2). */
		if (address % GAS_NT_OFFSET == NT_GASADATA)
			return 0;
		return idt_nt_peek(sw, owner, slot, address % GAS_NT_OFFSET);
	case TARGET_NONE:
		break;
	}
	return 0;
}

uint32_t idt_gasadata_read(const struct idt_read *read)
{
	/* From outside nobody knows what a port's cursor would reach at the moment of its own read. */
	return read->owner ? idt_gas_peek(read->sw, read->owner, idt_nt(read->owner, NT_GASAADDR)) : 0;
}

void idt_gasadata_touch(struct idtntb_port *port)
{
	uint32_t address = idt_nt(port, NT_GASAADDR);
	const struct idt_decode *entry;
	bool there = false;
	unsigned slot;

	switch (decode(port->sw, address, &slot)) {
	case TARGET_NT:
		idt_nt_readable(port, address % GAS_NT_OFFSET);
		return;
	case TARGET_SWITCH:
		entry = &port->sw->csr[(address - GAS_SWITCH) / 4];
		there = entry->row;
		if (there)
			idt_count(&port->counters->rows[entry->index].reads);
		break;
	case TARGET_BRIDGE:
		there = bridge_row(address % GAS_PORT_STRIDE);
		break;
	case TARGET_NONE:
		break;
	}
	if (!there)
		idt_guest_error(port, NULL, "read of global address 0x%05x: no register there", address);
}

void idt_gasadata_write(struct idtntb_port *port, const struct idt_write *write)
{
	uint32_t address = idt_nt(port, NT_GASAADDR);
	unsigned slot;

	switch (decode(port->sw, address, &slot)) {
	case TARGET_SWITCH:
		idt_csr_write(port, address, write->value, write->enabled);
		return;
	case TARGET_NT:
		address %= GAS_NT_OFFSET;
		if (address == NT_GASADATA)
			idt_guest_error(port, NULL, "write of GASADATA through GASADATA");
		else if (slot == port->slot)
			idt_nt_write(port, address, write->value, write->enabled);
		else
			idt_nt_write_foreign(port, slot, address, write->value, write->enabled);
		return;
	case TARGET_BRIDGE:
	case TARGET_NONE:
		idt_guest_error(port, NULL, "write of 0x%08x to global address 0x%05x: no register there", write->value,
				address);
	}
}
