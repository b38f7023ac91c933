/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Doorbells: 32 for the whole switch, through two masks (section 7).
 */
#include "hooks.h"
#include "port.h"

uint32_t idt_zero_read(const struct idt_read *read)
{
	(void)read;
	return 0;
}

/* Set bits in one receiver; whether its DBELL condition may have appeared. */
static bool doorbells_set(struct block_port *to, uint32_t bits)
{
	uint32_t old, mask;

	old = atomic_fetch_or(&to->indbellsts, bits);
	/* Reading the mask after the OR pairs with an owner that publishes its mask before it reads the status. */
	mask = atomic_load(&to->nt[NT_INDBELLMSK / 4]);
	return !(old & ~mask) && (bits & ~mask);
}

/* There is no destination: a ring reaches every partition that the masks let it, the sender's included. */
void idt_outdbellset_write(struct idtntb_port *port, const struct idt_write *write)
{
	const struct idtntb_switch *sw = port->sw;
	unsigned sender = idt_partition(sw, write->slot);
	uint32_t reach[IDTNTB_PORTS] = { 0 };

	idt_count_bits(&port->counters->rung, write->value);
	for (uint32_t bits = write->value; bits; bits &= bits - 1) {
		unsigned b = (unsigned)__builtin_ctz(bits);

		if (atomic_load(idt_csr(sw, GAS_GODBELLMSK0 + 4 * b)) >> sender & 1)
			continue;
		uint32_t masked = atomic_load(idt_csr(sw, GAS_GIDBELLMSK0 + 4 * b));

		for (unsigned slot = 0; slot < sw->topology.port_count; slot++) {
			if (!(masked >> idt_partition(sw, slot) & 1))
				reach[slot] |= 1u << b;
		}
	}
	for (unsigned slot = 0; slot < sw->topology.port_count; slot++) {
		if (reach[slot] && doorbells_set(idt_block_port(sw, slot), reach[slot]))
			port->kicks |= 1u << slot;
	}
}

void idt_indbellmsk_write(struct idtntb_port *port, const struct idt_write *write)
{
	idt_count_bits(&port->counters->unmasked, ~write->value & write->enabled);
	port->effects |= EFFECT_INTERRUPT;
}

uint32_t idt_indbellsts_read(const struct idt_read *read)
{
	return atomic_load(&idt_block_port(read->sw, read->slot)->indbellsts);
}

void idt_indbellsts_write(struct idtntb_port *port, const struct idt_write *write)
{
	port->after.doorbells = atomic_fetch_and(&port->shared->indbellsts, ~write->value) & ~write->value;
	port->cleared |= SOURCE_DOORBELLS;
	port->effects |= EFFECT_INTERRUPT;
}

/* Choice of section 14: set where some partition has it and the global mask does not keep it out. */
uint32_t idt_gdbellsts_read(const struct idt_read *read)
{
	const struct idtntb_switch *sw = read->sw;
	uint32_t status = 0;

	for (unsigned b = 0; b < IDTNTB_DOORBELLS; b++) {
		uint32_t masked = atomic_load(idt_csr(sw, GAS_GIDBELLMSK0 + 4 * b));

		for (unsigned slot = 0; slot < sw->topology.port_count; slot++) {
			if (!(masked >> idt_partition(sw, slot) & 1))
				status |= atomic_load(&idt_block_port(sw, slot)->indbellsts) & 1u << b;
		}
	}
	return status;
}
