/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The NT mapping table: one for the whole switch, a cursor in each NT function (section 5).
 */
#include "hooks.h"
#include "port.h"

#define MTBL_VALID 1u
#define MTBL_PART(entry) (((entry) >> 17) & 7)
#define MTBLSTS_ERR 1u

uint32_t idt_ntmtbldata_read(const struct idt_read *read)
{
	uint32_t index = read->owner ? idt_nt(read->owner, NT_NTMTBLADDR)
				     : atomic_load(&idt_block_port(read->sw, read->slot)->nt[NT_NTMTBLADDR / 4]);

	return index < IDTNTB_MTBL_ENTRIES ? atomic_load(&read->sw->block->mtbl[index]) : 0;
}

void idt_ntmtbldata_write(struct idtntb_port *port, const struct idt_write *write)
{
	uint32_t index = idt_nt(port, NT_NTMTBLADDR), old, keep;

	if (index >= IDTNTB_MTBL_ENTRIES) {
		idt_nt_store(port, NT_NTMTBLSTS, MTBLSTS_ERR);
		idt_guest_error(port, &port->sw->nt[NT_NTMTBLADDR / 4],
				"mapping table entry %u does not exist: 0 to %u do", index, IDTNTB_MTBL_ENTRIES - 1);
		return;
	}
	keep = ~write->enabled;
	old = atomic_load(&port->sw->block->mtbl[index]);
	while (!atomic_compare_exchange_weak(&port->sw->block->mtbl[index], &old,
					     (old & keep) | (write->value & 0xE00FFFFFu)))
		;
	idt_epoch_advance(port);
}

/*
 * Whether requests of a partition are admitted. Hosts cannot tell requesters apart, so ID protection comes down to a
 * valid entry of the partition (section 5, a choice).
 */
bool idt_mtbl_admits(const struct idtntb_switch *sw, unsigned partition)
{
	for (unsigned e = 0; e < IDTNTB_MTBL_ENTRIES; e++) {
		uint32_t entry = atomic_load(&sw->block->mtbl[e]);

		if ((entry & MTBL_VALID) && MTBL_PART(entry) == partition)
			return true;
	}
	return false;
}
