/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port's part in its links: what a driver tests to find a link up (section 10.2).
 */
#include "inspect.h"

int inspect_slot_of_partition(const struct idtntb_snapshot *snapshot, unsigned partition)
{
	for (unsigned slot = 0; inspect_has(snapshot, slot); slot++) {
		if (inspect_setup(snapshot, slot)->partition == partition)
			return (int)slot;
	}
	return -1;
}

void inspect_side(struct inspect_side *side, const struct idtntb_snapshot *snapshot, unsigned slot)
{
	const struct idtntb_port_setup *setup = inspect_setup(snapshot, slot);

	*side = (struct inspect_side){
		.slot = slot,
		.port = setup->port,
		.partition = setup->partition,
		.swportsts = inspect_peek(snapshot, slot, "SWPORT%uSTS", setup->port, 0),
		.pcicmdsts = inspect_peek(snapshot, slot, "PCICMDSTS", 0, 0),
		.ntctl = inspect_peek(snapshot, slot, "NTCTL", 0, 0),
		.ntintmsk = inspect_peek(snapshot, slot, "NTINTMSK", 0, 0),
		.entry = idtntb_switch_mapping(snapshot->sw, setup->partition),
	};
	idtntb_switch_member(snapshot->sw, setup->port, &side->member);
	side->linkup = inspect_field("SWPORT%uSTS", "LINKUP", side->swportsts);
	side->bme = inspect_field("PCICMDSTS", "BME", side->pcicmdsts);
	side->cpen = inspect_field("NTCTL", "CPEN", side->ntctl);
	side->valid = inspect_field("NTMTBLDATA", "VALID", side->entry);
}
