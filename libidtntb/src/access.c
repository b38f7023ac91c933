/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Register accesses: one way in for all of them. Read: what is kept, or what the row's hook makes of it. Write: mask,
 * keep, publish, then the hook. Effects are left to be delivered once by the caller.
 */
#include "port.h"

#include <string.h>

/* Let the row act on a write; `write` lacks the instance. */
static void hook_write(struct idtntb_port *port, const struct idt_row *row, const struct idt_decode *decode,
		       struct idt_write write)
{
	write.i = decode->i;
	write.j = decode->j;
	write.value &= write.enabled;
	if (row->write)
		row->write(port, &write);
}

uint32_t idt_nt_peek(const struct idtntb_switch *sw, const struct idtntb_port *owner, unsigned slot, uint32_t offset)
{
	const struct idt_decode *decode = &sw->nt[offset / 4];
	const struct idt_row *row = decode->row;
	struct idt_read read = { .sw = sw, .slot = slot, .address = offset, .i = decode->i, .j = decode->j };

	if (!row || row->reg.status == IDTNTB_STATUS_ABSENT)
		return 0;
	if (owner && owner->slot == slot) {
		read.owner = owner;
		read.stored = owner->nt[offset / 4];
	} else {
		read.stored = atomic_load(&idt_block_port(sw, slot)->nt[offset / 4]);
	}
	return row->read ? row->read(&read) : read.stored;
}

/* Nobody's, absent: defined, and worth a line when it is not the PCI core that walks configuration space. */
static bool is_absent(const struct idt_row *row)
{
	return !row || row->reg.status == IDTNTB_STATUS_ABSENT;
}

static bool is_quiet(const struct idt_row *row, uint32_t offset)
{
	return row ? row->flags & ROW_QUIET : offset < IDTNTB_VMM_CONFIG_SIZE;
}

static bool is_read_only(const struct idt_row *row, uint32_t rw)
{
	return !(rw | row->reg.w1c | row->reg.w1s);
}

static void log_access(struct idtntb_port *port, const struct idt_decode *decode, uint32_t address, const char *arrow,
		       uint32_t value)
{
	char name[IDT_NAME_SIZE];

	idt_log_line(port, IDTNTB_LOG_TRACE, "%s %s 0x%08x", idt_name(decode, address, name), arrow, value);
}

#define trace(port, ...)                                                                                               \
	do {                                                                                                           \
		if (IDTNTB_LOG_TRACE <= (port)->log_level)                                                             \
			log_access((port), __VA_ARGS__);                                                               \
	} while (0)

static void write_error(struct idtntb_port *port, const struct idt_decode *decode, uint32_t address, uint32_t value,
			const char *why)
{
	char name[IDT_NAME_SIZE];

	idt_guest_error(port, decode, "write of 0x%08x to %s: %s", value, idt_name(decode, address, name), why);
}

static const char there_is_none[] = "there is no such register here", it_is_read_only[] = "it is read-only";

bool idt_nt_readable(struct idtntb_port *port, uint32_t offset)
{
	const struct idt_decode *decode = &port->sw->nt[offset / 4];
	char name[IDT_NAME_SIZE];

	if (!is_absent(decode->row))
		return true;
	if (!is_quiet(decode->row, offset))
		idt_guest_error(port, decode, "read of %s: %s", idt_name(decode, offset, name), there_is_none);
	return false;
}

uint32_t idt_nt_read(struct idtntb_port *port, uint32_t offset)
{
	const struct idt_decode *decode = &port->sw->nt[offset / 4];
	const struct idt_row *row = decode->row;
	uint32_t value;

	idt_count(&port->counters->rows[decode->index].reads);
	if (!idt_nt_readable(port, offset))
		return 0;
	if (row->touch)
		row->touch(port);
	value = idt_nt_peek(port->sw, port, port->slot, offset);
	/* The value was taken before: what it may announce is complete after the drain (section 13). */
	if ((row->flags & ROW_DRAIN) && port->ops.drain)
		port->ops.drain(port->opaque);
	trace(port, decode, offset, "->", value);
	return value;
}

void idt_nt_write(struct idtntb_port *port, uint32_t offset, uint32_t value, uint32_t enabled)
{
	const struct idt_decode *decode = &port->sw->nt[offset / 4];
	const struct idt_row *row = decode->row;
	uint32_t old = port->nt[offset / 4], rw;

	idt_count(&port->counters->rows[decode->index].writes);
	if (is_absent(row)) {
		if (!is_quiet(row, offset))
			write_error(port, decode, offset, value, there_is_none);
		return;
	}
	trace(port, decode, offset, "<-", value);
	rw = idt_writable(row, &port->sw->topology, port->slot, decode->i);
	/* The PCI core writes read-only registers of configuration space when it sizes BARs. */
	if (is_read_only(row, rw) && offset >= IDTNTB_VMM_CONFIG_SIZE)
		write_error(port, decode, offset, value, it_is_read_only);
	idt_nt_store(port, offset,
		     ((old & ~(rw & enabled)) | (value & rw & enabled)) & ~(value & row->reg.w1c & enabled));
	hook_write(port, row, decode, (struct idt_write){ port->slot, offset, 0, 0, value, enabled, old });
}

void idt_nt_write_foreign(struct idtntb_port *port, unsigned slot, uint32_t offset, uint32_t value, uint32_t enabled)
{
	const struct idt_decode *decode = &port->sw->nt[offset / 4];
	const struct idt_row *row = decode->row;

	if (!row || !(row->flags & ROW_FOREIGN_WRITE)) {
		write_error(port, decode, offset, value, "refused, it is another host's");
		return;
	}
	trace(port, decode, offset, "of another port <-", value);
	hook_write(port, row, decode, (struct idt_write){ slot, offset, 0, 0, value, enabled, 0 });
}

void idt_csr_write(struct idtntb_port *port, uint32_t address, uint32_t value, uint32_t enabled)
{
	const struct idt_decode *decode = &port->sw->csr[(address - GAS_SWITCH) / 4];
	const struct idt_row *row = decode->row;
	atomic_u32 *word = idt_csr(port->sw, address);
	uint32_t old, new;

	if (row)
		idt_count(&port->counters->rows[decode->index].writes);
	if (is_absent(row)) {
		write_error(port, decode, address, value, there_is_none);
		return;
	}
	trace(port, decode, address, "<-", value);
	if (is_read_only(row, row->reg.rw))
		write_error(port, decode, address, value, it_is_read_only);
	/* One atomic step: a bit that another port sets meanwhile survives (section 13). */
	old = atomic_load(word);
	do {
		new = (old & ~(row->reg.rw & enabled)) | (value & row->reg.rw & enabled);
		new &= ~(value & row->reg.w1c & enabled);
	} while (!atomic_compare_exchange_weak(word, &old, new));
	hook_write(port, row, decode, (struct idt_write){ port->slot, address, 0, 0, value, enabled, old });
}

/* A run of bytes as dwords with byte enables, low first. */
static void bytes_read(struct idtntb_port *port, uint64_t offset, unsigned char *data, size_t size)
{
	while (size) {
		unsigned lane = offset & 3;
		size_t length = size < 4 - lane ? size : 4 - lane;
		uint32_t value = offset < IDTNTB_NT_SIZE ? idt_nt_read(port, (uint32_t)offset & ~3u) : UINT32_MAX;

		value >>= 8 * lane;
		for (size_t b = 0; b < length; b++)
			data[b] = (unsigned char)(value >> (8 * b));
		data += length;
		offset += length;
		size -= length;
	}
	idt_effects_deliver(port);
}

static void bytes_write(struct idtntb_port *port, uint64_t offset, const unsigned char *data, size_t size)
{
	while (size) {
		unsigned lane = offset & 3;
		size_t length = size < 4 - lane ? size : 4 - lane;
		uint32_t value = 0, enabled = 0;

		for (size_t b = 0; b < length; b++) {
			value |= (uint32_t)data[b] << (8 * (lane + b));
			enabled |= 0xFFu << (8 * (lane + b));
		}
		if (offset < IDTNTB_NT_SIZE) {
			idt_nt_write(port, (uint32_t)offset & ~3u, value, enabled);
			idt_effects_deliver(port);
		}
		data += length;
		offset += length;
		size -= length;
	}
}

uint64_t idtntb_port_config_read(struct idtntb_port *port, uint32_t offset, unsigned size)
{
	unsigned char data[8];
	uint64_t value = 0;

	if (size > sizeof(data))
		size = sizeof(data);
	bytes_read(port, offset, data, size);
	for (unsigned b = 0; b < size; b++)
		value |= (uint64_t)data[b] << (8 * b);
	return value;
}

void idtntb_port_config_write(struct idtntb_port *port, uint32_t offset, uint64_t value, unsigned size)
{
	unsigned char data[8];

	if (size > sizeof(data))
		size = sizeof(data);
	for (unsigned b = 0; b < size; b++)
		data[b] = (unsigned char)(value >> (8 * b));
	bytes_write(port, offset, data, size);
}

/* Only BAR0 can, and idtntb_topology_check() has seen to it that it does (section 3.2, MODE). */
static bool shows_registers(unsigned bar)
{
	return bar == 0;
}

/* No BAR, or bytes past the end of all offsets, which must not come out at the start of the BAR. */
static bool is_nowhere(unsigned bar, uint64_t offset, size_t size)
{
	return bar >= IDTNTB_BARS || size > UINT64_MAX - offset;
}

void idtntb_port_bar_read(struct idtntb_port *port, unsigned bar, uint64_t offset, void *data, size_t size)
{
	if (is_nowhere(bar, offset, size))
		memset(data, 0xFF, size);
	else if (!shows_registers(bar))
		idt_window_access(port, bar, offset, data, size, false);
	else if (idt_nt(port, NT_PCICMDSTS) & PCICMD_MEM)
		bytes_read(port, offset, data, size);
	else
		memset(data, 0xFF, size);
}

void idtntb_port_bar_write(struct idtntb_port *port, unsigned bar, uint64_t offset, const void *data, size_t size)
{
	if (is_nowhere(bar, offset, size))
		return;
	if (!shows_registers(bar))
		idt_window_access(port, bar, offset, (void *)data, size, true);
	else if (idt_nt(port, NT_PCICMDSTS) & PCICMD_MEM)
		bytes_write(port, offset, data, size);
}

uint32_t idtntb_port_peek(const struct idtntb_port *port, uint32_t offset)
{
	return offset < IDTNTB_NT_SIZE ? idt_nt_peek(port->sw, port, port->slot, offset & ~3u) : UINT32_MAX;
}

/* Hooks see a mirrored dword as written in full; what the image holds now replaces what was kept. */
void idtntb_port_mirror(struct idtntb_port *port, uint32_t offset, uint32_t value)
{
	const struct idt_decode *decode;
	const struct idt_row *row;
	uint32_t old;

	if (offset >= IDTNTB_VMM_CONFIG_SIZE)
		return;
	offset &= ~3u;
	decode = &port->sw->nt[offset / 4];
	row = decode->row;
	old = port->nt[offset / 4];
	if (old == value)
		return;
	idt_nt_store(port, offset, value);
	if (row)
		hook_write(port, row, decode, (struct idt_write){ port->slot, offset, 0, 0, value, UINT32_MAX, old });
	idt_effects_deliver(port);
}
