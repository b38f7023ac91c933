/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Lookup tables of BAR 2 and BAR 4, through their cursor (section 6.2).
 */
#include "hooks.h"
#include "port.h"

#define LUTOFFSET_INDEX(offset) ((offset)&0x1F)
#define LUTOFFSET_BAR(offset) (((offset) >> 8) & 7)
#define LUTLDATA 0x4E4

/* Table and entry that a cursor names; false when there is none. */
static bool entry_of(uint32_t offset, unsigned *table, unsigned *entry)
{
	unsigned bar = LUTOFFSET_BAR(offset);

	*table = bar / 2 - 1;
	*entry = LUTOFFSET_INDEX(offset);
	return (bar == 2 || bar == 4) && *entry < IDTNTB_LUT_ENTRIES;
}

uint32_t idt_lutdata_read(const struct idt_read *read)
{
	const struct block_port *shared = idt_block_port(read->sw, read->slot);
	unsigned table, entry, word = (read->address - LUTLDATA) / 4;
	uint32_t cursor = read->owner ? idt_nt(read->owner, NT_LUTOFFSET) : atomic_load(&shared->nt[NT_LUTOFFSET / 4]);

	if (!entry_of(cursor, &table, &entry))
		return 0;
	return read->owner ? read->owner->lut[table][entry][word] : atomic_load(&shared->lut[table][entry][word]);
}

/* Takes effect at once on the entry selected; what was kept at the register itself is of no meaning. */
void idt_lutdata_write(struct idtntb_port *port, const struct idt_write *write)
{
	const uint32_t implemented = port->sw->nt[write->address / 4].row->reg.rw;
	unsigned table, entry, word = (write->address - LUTLDATA) / 4;
	uint32_t *own;

	if (!entry_of(idt_nt(port, NT_LUTOFFSET), &table, &entry)) {
		idt_guest_error(port, &port->sw->nt[NT_LUTOFFSET / 4],
				"LUTOFFSET 0x%03x names no entry: INDEX 0 to 23 of BAR 2 or 4 would be right",
				idt_nt(port, NT_LUTOFFSET));
		return;
	}
	own = &port->lut[table][entry][word];
	*own = (*own & ~write->enabled) | (write->value & implemented);
	atomic_store(&port->shared->lut[table][entry][word], *own);
	port->effects |= EFFECT_WINDOWS;
}
