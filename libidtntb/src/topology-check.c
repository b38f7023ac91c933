/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the chip, or the Linux driver that must get along with it, would refuse of a topology (sections 1, 6.1, 13).
 */
#include "switch.h"
#include "window.h"

#include <errno.h>
#include <stdio.h>

#define WINDOWS_MAX 29 /* the driver's count of memory windows a port */
#define SIZE_MAX_LOG2 30 /* the driver keeps apertures in an int */
#define SIZE_MIN_DIRECT_LOG2 10 /* granularity of BARLIMIT */
#define SIZE_MIN_LUT_LOG2 14
#define REGISTERS_LOG2 12

#define REFUSE(...) return idt_error(error, -EINVAL, __VA_ARGS__)

static int check_registers(const uint32_t *barsetup, unsigned port, struct idtntb_error *error)
{
	uint32_t setup = barsetup[0];

	if (!(setup & BARSETUP_EN) || !(setup & BARSETUP_MODE) || BARSETUP_SIZE(setup) != REGISTERS_LOG2)
		REFUSE("BARSETUP0 of port %u is 0x%08x: the driver wants 4 KiB of registers there, 0x800004C0 (32-bit) "
		       "or 0x800004CC (64-bit)",
		       port, setup);
	return 0;
}

static int check_window_bar(uint32_t setup, unsigned port, unsigned bar, struct idtntb_error *error)
{
	unsigned size = BARSETUP_SIZE(setup);
	unsigned least = BARSETUP_ATRAN(setup) ? SIZE_MIN_LUT_LOG2 : SIZE_MIN_DIRECT_LOG2;

	if (setup & BARSETUP_MODE)
		REFUSE("BARSETUP%u of port %u is 0x%08x: only BAR0 can show registers (MODE, bit 10)", bar, port,
		       setup);
	if (BARSETUP_ATRAN(setup) == 3)
		REFUSE("BARSETUP%u of port %u is 0x%08x: ATRAN 3 is reserved; 0 is direct, 1 and 2 are tables of 12 and 24",
		       bar, port, setup);
	if (BARSETUP_ATRAN(setup) && bar != 2 && bar != 4)
		REFUSE("BARSETUP%u of port %u is 0x%08x: only BAR2 and BAR4 have lookup tables", bar, port, setup);
	if (size < least || size > SIZE_MAX_LOG2)
		REFUSE("BARSETUP%u of port %u is 0x%08x: SIZE is %u, %u to %u would be right", bar, port, setup, size,
		       least, SIZE_MAX_LOG2);
	return 0;
}

static int check_bar(const uint32_t *barsetup, unsigned port, unsigned bar, struct idtntb_error *error)
{
	uint32_t setup = barsetup[bar];
	unsigned type = BARSETUP_TYPE(setup);

	if (!(setup & BARSETUP_EN))
		return 0;
	if (setup & BARSETUP_MEMSI)
		REFUSE("BARSETUP%u of port %u is 0x%08x: I/O space (MEMSI, bit 0) is not for NT functions", bar, port,
		       setup);
	if (type != 0 && !(type == BARSETUP_TYPE_64 && bar % 2 == 0))
		REFUSE("BARSETUP%u of port %u is 0x%08x: TYPE is %u; 0 (32-bit), or 2 (64-bit) on an even BAR, would be right",
		       bar, port, setup, type);
	return bar == 0 ? check_registers(barsetup, port, error) : check_window_bar(setup, port, bar, error);
}

static int check_bars(const struct idtntb_port_setup *setup, struct idtntb_error *error)
{
	const uint32_t *barsetup = setup->barsetup;
	unsigned windows = 0;
	int result = check_registers(barsetup, setup->port, error);

	for (unsigned bar = 0; !result && bar < IDTNTB_BARS; bar++) {
		if (idt_bar_is_upper(barsetup, bar))
			continue;
		result = check_bar(barsetup, setup->port, bar, error);
		windows += idt_bar_windows(barsetup, bar);
	}
	if (result)
		return result;
	if (windows > WINDOWS_MAX)
		REFUSE("port %u has %u windows: the driver takes %u at most", setup->port, windows, WINDOWS_MAX);
	return 0;
}

static int check_port(const struct idtntb_topology *topology, unsigned slot, struct idtntb_error *error)
{
	const struct idtntb_port_setup *setup = &topology->ports[slot];
	const struct idtntb_chip *chip = topology->chip;
	bool capable = false;

	for (unsigned p = 0; p < chip->port_count; p++)
		capable |= chip->ports[p] == setup->port;
	if (!capable) {
		char list[64] = "";
		int used = 0;

		for (unsigned p = 0; p < chip->port_count; p++)
			used += snprintf(list + used, sizeof(list) - (size_t)used, "%s%u", p ? ", " : "",
					 chip->ports[p]);
		REFUSE("port %u of %s is not NT-capable: %s are", setup->port, chip->name, list);
	}
	if (setup->partition >= IDTNTB_PARTITIONS)
		REFUSE("partition %u of port %u does not exist: 0 to %u do", setup->partition, setup->port,
		       IDTNTB_PARTITIONS - 1);
	for (unsigned other = 0; other < slot; other++) {
		if (topology->ports[other].port == setup->port)
			REFUSE("port %u is given twice", setup->port);
		if (topology->ports[other].partition == setup->partition)
			REFUSE("ports %u and %u are both in partition %u: each NT port needs its own",
			       topology->ports[other].port, setup->port, setup->partition);
	}
	if (setup->link_speed != 1 && setup->link_speed != 2)
		REFUSE("link speed %u of port %u: 1 (2.5 GT/s) or 2 (5 GT/s) would be right", setup->link_speed,
		       setup->port);
	if (!setup->link_width || setup->link_width > 16 || (setup->link_width & (setup->link_width - 1)))
		REFUSE("link width %u of port %u: 1, 2, 4, 8 or 16 lanes would be right", setup->link_width,
		       setup->port);
	return check_bars(setup, error);
}

int idtntb_topology_check(const struct idtntb_topology *topology, struct idtntb_error *error)
{
	int result = 0;

	if (!topology->chip || idtntb_chip_find(topology->chip->name) != topology->chip)
		REFUSE("the chip is not one of the family; see idtntb_chip_get()");
	if (!topology->port_count || topology->port_count > topology->chip->port_count)
		REFUSE("%u ports: %s has 1 to %u NT ports", topology->port_count, topology->chip->name,
		       topology->chip->port_count);
	for (unsigned slot = 0; !result && slot < topology->port_count; slot++)
		result = check_port(topology, slot, error);
	for (unsigned b = 0; !result && b < IDTNTB_DOORBELLS; b++) {
		if ((topology->godbellmsk[b] | topology->gidbellmsk[b]) >> IDTNTB_PARTITIONS)
			REFUSE("masks of doorbell %u are 0x%x and 0x%x: bits 0 to %u, the partitions, would be right",
			       b, topology->godbellmsk[b], topology->gidbellmsk[b], IDTNTB_PARTITIONS - 1);
	}
	return result;
}
