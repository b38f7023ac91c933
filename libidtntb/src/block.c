/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Making a block and opening a view of it.
 */
#include "block.h"
#include "switch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

size_t idtntb_block_size(void)
{
	return sizeof(struct block);
}

bool idtntb_block_ready(const void *memory, size_t size)
{
	const struct block *block = memory;

	return size >= sizeof(*block) && atomic_load(&block->magic) == BLOCK_MAGIC;
}

static void topology_write(struct block_topology *to, const struct idtntb_topology *from)
{
	memset(to, 0, sizeof(*to));
	to->device_id = from->chip->device_id;
	to->port_count = from->port_count;
	memcpy(to->ports, from->ports, from->port_count * sizeof(*to->ports));
	memcpy(to->godbellmsk, from->godbellmsk, sizeof(to->godbellmsk));
	memcpy(to->gidbellmsk, from->gidbellmsk, sizeof(to->gidbellmsk));
}

/* `from` is a private copy: what is checked is what is used. */
int idt_topology_read(struct idtntb_topology *to, const struct block_topology *from, struct idtntb_error *error)
{
	memset(to, 0, sizeof(*to));
	for (unsigned c = 0; idtntb_chip_get(c); c++) {
		if (idtntb_chip_get(c)->device_id == from->device_id)
			to->chip = idtntb_chip_get(c);
	}
	if (!to->chip || from->port_count > IDTNTB_PORTS)
		return idt_error(error, -EPROTO, "the block names device id 0x%x and %u ports: no chip of the family",
				 from->device_id, from->port_count);
	to->port_count = from->port_count;
	memcpy(to->ports, from->ports, from->port_count * sizeof(*to->ports));
	memcpy(to->godbellmsk, from->godbellmsk, sizeof(to->godbellmsk));
	memcpy(to->gidbellmsk, from->gidbellmsk, sizeof(to->gidbellmsk));
	return idtntb_topology_check(to, error) ? -EPROTO : 0;
}

/* Power-on values of the switch registers, and of each port's as published. */
static void registers_write(struct block *block, const struct idtntb_topology *topology, struct idtntb_switch *decode)
{
	const struct idt_row *row;

	for (size_t d = 0; d < CSR_DWORDS; d++) {
		row = decode->csr[d].row;
		if (row)
			atomic_store(&block->csr[d], idt_reset_value(row, topology, 0, decode->csr[d].i));
	}
	for (unsigned slot = 0; slot < topology->port_count; slot++) {
		for (size_t d = 0; d < NT_DWORDS; d++) {
			row = decode->nt[d].row;
			if (row)
				atomic_store(&block->ports[slot].nt[d],
					     idt_reset_value(row, topology, slot, decode->nt[d].i));
		}
	}
}

static void decode_build(struct idtntb_switch *sw)
{
	idt_decode_build(sw->nt, NT_DWORDS, IDTNTB_SPACE_NT, 0);
	idt_decode_build(sw->csr, CSR_DWORDS, IDTNTB_SPACE_SWITCH, GAS_SWITCH);
}

static int memory_check(const void *memory, size_t size, struct idtntb_error *error)
{
	if (size < sizeof(struct block) || (uintptr_t)memory % _Alignof(struct block))
		return idt_error(error, -EINVAL,
				 "memory of %zu bytes for the switch: %zu, aligned to %zu, would be right", size,
				 sizeof(struct block), _Alignof(struct block));
	return 0;
}

#define TEMPERATURE_POWER_ON 90 /* 45.0 degrees, section 11.1 */

int idt_block_prepare(void *memory, size_t size, const struct idtntb_topology *topology, struct idtntb_error *error)
{
	struct block *block = memory;
	struct idtntb_switch *decode;
	int result = memory_check(memory, size, error);

	if (!result)
		result = idtntb_topology_check(topology, error);
	if (result)
		return result;
	decode = malloc(sizeof(*decode));
	if (!decode)
		return idt_error(error, -ENOMEM, "no memory for a view of the switch");
	decode_build(decode);
	memset(block, 0, sizeof(*block));
	topology_write(&block->topology, topology);
	registers_write(block, topology, decode);
	free(decode);
	atomic_store(&block->temperature, TEMPERATURE_POWER_ON);
	block->layout = BLOCK_LAYOUT;
	block->size = sizeof(*block);
	return 0;
}

void idt_block_finish(struct block *block)
{
	atomic_store(&block->magic, BLOCK_MAGIC);
}

int idtntb_block_format(void *memory, size_t size, const struct idtntb_topology *topology, struct idtntb_error *error)
{
	int result = idt_block_prepare(memory, size, topology, error);

	if (!result)
		idt_block_finish(memory);
	return result;
}

int idtntb_switch_open(struct idtntb_switch **handle, void *memory, size_t size, struct idtntb_error *error)
{
	struct block *block = memory;
	struct block_topology topology;
	struct idtntb_switch *sw;
	int result = memory_check(memory, size, error);

	if (result)
		return result;
	if (!idtntb_block_ready(memory, size))
		return idt_error(error, -EINVAL, "there is no switch in this memory (magic 0x%llx)",
				 (unsigned long long)atomic_load(&block->magic));
	if (block->layout != BLOCK_LAYOUT || block->size != sizeof(*block))
		return idt_error(
			error, -EPROTO,
			"the switch has layout version %u of %u bytes, this program speaks version %u of %zu bytes: use "
			"programs of one version",
			block->layout, block->size, BLOCK_LAYOUT, sizeof(*block));
	sw = calloc(1, sizeof(*sw));
	if (!sw)
		return idt_error(error, -ENOMEM, "no memory for a view of the switch");
	memcpy(&topology, (const void *)&block->topology, sizeof(topology));
	result = idt_topology_read(&sw->topology, &topology, error);
	if (result) {
		free(sw);
		return result;
	}
	sw->block = block;
	decode_build(sw);
	memset(sw->slot_of_port, -1, sizeof(sw->slot_of_port));
	memset(sw->slot_of_partition, -1, sizeof(sw->slot_of_partition));
	for (unsigned slot = 0; slot < sw->topology.port_count; slot++) {
		sw->slot_of_port[sw->topology.ports[slot].port] = (int8_t)slot;
		sw->slot_of_partition[sw->topology.ports[slot].partition] = (int8_t)slot;
	}
	*handle = sw;
	return 0;
}

void idtntb_switch_close(struct idtntb_switch *sw)
{
	if (sw)
		free(sw->image);
	free(sw);
}
