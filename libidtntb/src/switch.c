/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What can be asked and done about a switch without owning a port of it.
 */
#include "switch.h"
#include "port.h"

#include <errno.h>

const struct idtntb_topology *idtntb_switch_topology(const struct idtntb_switch *sw)
{
	return &sw->topology;
}

int idtntb_switch_slot(const struct idtntb_switch *sw, unsigned port)
{
	return port < IDTNTB_PORT_NUMBERS ? sw->slot_of_port[port] : -1;
}

uint32_t idtntb_switch_peek(const struct idtntb_switch *sw, uint32_t address)
{
	return idt_gas_peek(sw, NULL, address);
}

int idtntb_switch_member(const struct idtntb_switch *sw, unsigned port, struct idtntb_member *member)
{
	int slot = idtntb_switch_slot(sw, port);
	const struct block_port *shared;
	uint64_t word;

	if (slot < 0)
		return -EINVAL;
	shared = idt_block_port(sw, (unsigned)slot);
	word = atomic_load(&shared->member);
	*member = (struct idtntb_member){
		.owner = MEMBER_OWNER(word),
		.bell = atomic_load(&shared->bell),
		.generation = MEMBER_GENERATION(word),
		.up = word & MEMBER_UP,
		.forced_down = atomic_load(&shared->forced) & 1,
	};
	return 0;
}

bool idtntb_switch_sweep(struct idtntb_switch *sw, unsigned port, uint32_t owner)
{
	int slot = idtntb_switch_slot(sw, port);
	struct block_port *shared;
	uint64_t word;

	if (slot < 0 || !owner)
		return false;
	shared = idt_block_port(sw, (unsigned)slot);
	word = atomic_load(&shared->member);
	do {
		if (MEMBER_OWNER(word) != owner)
			return false;
	} while (!atomic_compare_exchange_weak(&shared->member, &word,
					       member_word(0, MEMBER_GENERATION(word) + !!(word & MEMBER_UP), false)));
	if ((word & MEMBER_UP) && !(atomic_load(&shared->forced) & 1))
		idt_event_link(sw, (unsigned)slot, false);
	atomic_fetch_add(&sw->block->epoch, 1);
	return true;
}

int idtntb_switch_link_force(struct idtntb_switch *sw, unsigned port, bool down)
{
	int slot = idtntb_switch_slot(sw, port);
	struct block_port *shared;
	uint32_t word;

	if (slot < 0)
		return -EINVAL;
	shared = idt_block_port(sw, (unsigned)slot);
	word = atomic_load(&shared->forced);
	do {
		if ((word & 1) == down)
			return 0;
	} while (!atomic_compare_exchange_weak(&shared->forced, &word, ((word & ~1u) + 2) | down));
	if (atomic_load(&shared->member) & MEMBER_UP)
		idt_event_link(sw, (unsigned)slot, !down);
	atomic_fetch_add(&sw->block->epoch, 1);
	return 0;
}

void idtntb_switch_temperature_set(struct idtntb_switch *sw, uint8_t half_degrees)
{
	atomic_store(&sw->block->temperature, half_degrees);
	idt_temperature_sample(sw);
}

uint32_t idtntb_switch_reset_value(const struct idtntb_switch *sw, uint32_t address)
{
	struct idt_decode decode;
	unsigned slot = 0;

	return idt_gas_row(sw, address, &decode, &slot) ? idt_reset_value(decode.row, &sw->topology, slot, decode.i)
							: 0;
}

uint32_t idtntb_switch_writable(const struct idtntb_switch *sw, uint32_t address)
{
	struct idt_decode decode;
	unsigned slot = 0;

	return idt_gas_row(sw, address, &decode, &slot) ? idt_writable(decode.row, &sw->topology, slot, decode.i) : 0;
}

uint32_t idtntb_switch_mapping(const struct idtntb_switch *sw, unsigned index)
{
	return index < IDTNTB_MTBL_ENTRIES ? atomic_load(&sw->block->mtbl[index]) : 0;
}

int idtntb_switch_lut(const struct idtntb_switch *sw, unsigned port, unsigned bar, unsigned entry, uint32_t words[3])
{
	int slot = idtntb_switch_slot(sw, port);

	words[0] = words[1] = words[2] = 0;
	if (slot < 0 || (bar != 2 && bar != 4) || entry >= IDTNTB_LUT_ENTRIES)
		return -EINVAL;
	for (unsigned w = 0; w < 3; w++)
		words[w] = atomic_load(&idt_block_port(sw, (unsigned)slot)->lut[bar / 2 - 1][entry][w]);
	return 0;
}

uint32_t idt_reset_value(const struct idt_row *row, const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	return row->reset ? row->reset(topology, slot, i) : row->reg.reset;
}
