/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One process's view of a switch: the block, the topology as copied and checked once, and the decode.
 */
#ifndef IDT_SWITCH_H
#define IDT_SWITCH_H

#include "block.h"
#include "registers.h"

#define CSR_DWORDS ((IDTNTB_GAS_SIZE - GAS_SWITCH) / 4)
#define NT_DWORDS (IDTNTB_NT_SIZE / 4)

struct idtntb_switch {
	struct block *block;
	struct block *image; /* the same in private memory that goes with the view: a saved state; or NULL */
	struct idtntb_topology topology;
	int8_t slot_of_port[IDTNTB_PORT_NUMBERS];
	int8_t slot_of_partition[IDTNTB_PARTITIONS];
	struct idt_decode nt[NT_DWORDS];
	struct idt_decode csr[CSR_DWORDS];
};

static inline atomic_u32 *idt_csr(const struct idtntb_switch *sw, uint32_t address)
{
	return &sw->block->csr[(address - GAS_SWITCH) / 4];
}

static inline struct block_port *idt_block_port(const struct idtntb_switch *sw, unsigned slot)
{
	return &sw->block->ports[slot];
}

/* All slots of the topology as a bit mask. */
static inline uint32_t idt_slots(const struct idtntb_switch *sw)
{
	return (1u << sw->topology.port_count) - 1;
}

static inline unsigned idt_partition(const struct idtntb_switch *sw, unsigned slot)
{
	return sw->topology.ports[slot].partition;
}

/* Whether SWPORTxSTS.LINKUP of a slot reads 1 (section 10). */
static inline bool idt_linkup(const struct idtntb_switch *sw, unsigned slot)
{
	const struct block_port *port = idt_block_port(sw, slot);

	return (atomic_load(&port->member) & MEMBER_UP) && !(atomic_load(&port->forced) & 1);
}

/* Read global address `address` for `owner` (NULL from outside), without side effects. */
uint32_t idt_gas_peek(const struct idtntb_switch *sw, const struct idtntb_port *owner, uint32_t address);
/* Read an NT register of `slot` as published, or, when it is that of `owner`, from the private truth. */
uint32_t idt_nt_peek(const struct idtntb_switch *sw, const struct idtntb_port *owner, unsigned slot, uint32_t offset);

/* What a row holds after power-on. */
uint32_t idt_reset_value(const struct idt_row *row, const struct idtntb_topology *topology, unsigned slot, unsigned i);
/* Its bits that keep what is written. */
static inline uint32_t idt_writable(const struct idt_row *row, const struct idtntb_topology *topology, unsigned slot,
				    unsigned i)
{
	return row->rw ? row->rw(topology, slot, i) : row->reg.rw;
}
/* gas.c: the row at a global address, of the NT function of `slot` when it is there; false where there is none. */
bool idt_gas_row(const struct idtntb_switch *sw, uint32_t address, struct idt_decode *found, unsigned *slot);

/* block.c: make a block but for its magic number; then make it ready. */
int idt_block_prepare(void *memory, size_t size, const struct idtntb_topology *topology, struct idtntb_error *error);
void idt_block_finish(struct block *block);
/* block.c: check a topology that came from elsewhere; `from` is a private copy. */
int idt_topology_read(struct idtntb_topology *to, const struct block_topology *from, struct idtntb_error *error);

/* temperature.c: take a sample; returns the slots whose TMPSENSOR became latched. */
uint32_t idt_temperature_sample(const struct idtntb_switch *sw);

/* log.c: fill *error (which may be NULL) and return `result`. */
__attribute__((format(printf, 3, 4))) int idt_error(struct idtntb_error *error, int result, const char *format, ...);

#endif
