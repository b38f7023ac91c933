/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reset values that the topology decides: what the EEPROM sets up on hardware (sections 4.3, 6.1, 15).
 */
#include "hooks.h"
#include "window.h"

#define NO_SLOT IDTNTB_PORTS

/* The slot of the port, or of the partition, with number i. */
static unsigned slot_of_port(const struct idtntb_topology *topology, unsigned i)
{
	for (unsigned slot = 0; slot < topology->port_count; slot++) {
		if (topology->ports[slot].port == i)
			return slot;
	}
	return NO_SLOT;
}

static unsigned slot_of_partition(const struct idtntb_topology *topology, unsigned i)
{
	for (unsigned slot = 0; slot < topology->port_count; slot++) {
		if (topology->ports[slot].partition == i)
			return slot;
	}
	return NO_SLOT;
}

/* Also of the subsystem, and at the place of a port's bridge (section 4.2). */
uint32_t idt_id_reset(const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	(void)slot;
	(void)i;
	return (uint32_t)topology->chip->device_id << 16 | IDTNTB_VENDOR_ID;
}

/* A BAR shows the low nibble of its BARSETUP; the upper half of a pair and a disabled BAR show 0 (section 6.1). */
uint32_t idt_bar_reset(const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	const uint32_t *barsetup = topology->ports[slot].barsetup;

	if (idt_bar_is_upper(barsetup, i) || !(barsetup[i] & BARSETUP_EN))
		return 0;
	return barsetup[i] & 0xF;
}

uint32_t idt_bar_rw(const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	const uint32_t *barsetup = topology->ports[slot].barsetup;

	if (idt_bar_is_upper(barsetup, i))
		return (uint32_t)(~(idt_bar_size(barsetup[i - 1]) - 1) >> 32);
	if (!(barsetup[i] & BARSETUP_EN))
		return 0;
	return (uint32_t) ~(idt_bar_size(barsetup[i]) - 1) & ~0xFu;
}

uint32_t idt_barsetup_reset(const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	return topology->ports[slot].barsetup[i];
}

/* The driver writes the whole dword back with another TPART; the live BAR must not change (section 6.1). */
uint32_t idt_barsetup_rw(const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	(void)topology;
	(void)slot;
	(void)i;
	return BARSETUP_TPART_MASK;
}

uint32_t idt_pcielcap_reset(const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	const struct idtntb_port_setup *setup = &topology->ports[slot];

	(void)i;
	return (uint32_t)setup->port << 24 | (uint32_t)setup->link_width << 4 | setup->link_speed;
}

uint32_t idt_pcielctlsts_reset(const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	const struct idtntb_port_setup *setup = &topology->ports[slot];

	(void)i;
	return (uint32_t)setup->link_width << 20 | (uint32_t)setup->link_speed << 16;
}

uint32_t idt_pcielctlsts2_reset(const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	(void)i;
	return topology->ports[slot].link_speed;
}

#define STATE_ACTIVE 1u
#define MODE_NT 3u

uint32_t idt_swpartctl_reset(const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	(void)slot;
	return slot_of_partition(topology, i) != NO_SLOT ? STATE_ACTIVE : 0;
}

uint32_t idt_swpartsts_reset(const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	slot = slot_of_partition(topology, i);
	if (slot == NO_SLOT)
		return 0;
	return STATE_ACTIVE << 5 | 1u << 8 | (uint32_t)topology->ports[slot].port << 9 | 1u << 14;
}

uint32_t idt_swportctl_reset(const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	slot = slot_of_port(topology, i);
	return slot == NO_SLOT ? 0 : (uint32_t)topology->ports[slot].partition << 4 | MODE_NT;
}

uint32_t idt_swportsts_reset(const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	slot = slot_of_port(topology, i);
	return slot == NO_SLOT ? 0 : (uint32_t)topology->ports[slot].partition << 10 | MODE_NT << 6;
}

uint32_t idt_godbellmsk_reset(const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	(void)slot;
	return topology->godbellmsk[i];
}

uint32_t idt_gidbellmsk_reset(const struct idtntb_topology *topology, unsigned slot, unsigned i)
{
	(void)slot;
	return topology->gidbellmsk[i];
}
