/* SPDX-License-Identifier: BSD-3-Clause */
/* An outside program with the public header alone: two hosts play the driver, ring and send. */
#include <idtntb.h>

#include <stdio.h>
#include <stdlib.h>

static unsigned interrupts[2];
static struct idtntb_port *ports[2];

static void msi(void *opaque, uint64_t address, uint32_t data)
{
	*(unsigned *)opaque += address == 0xFEE00000 && data == 0x40;
}

static void intx(void *opaque, bool level)
{
	(void)opaque;
	(void)level;
}

static void kick(void *opaque, uint32_t slots)
{
	(void)opaque;
	for (unsigned slot = 0; slot < 2; slot++) {
		if ((slots >> slot & 1) && ports[slot])
			idtntb_port_service(ports[slot]);
	}
}

static void write32(unsigned slot, uint64_t offset, uint32_t value)
{
	idtntb_port_bar_write(ports[slot], 0, offset, &value, 4);
}

static uint32_t read32(unsigned slot, uint64_t offset)
{
	uint32_t value;

	idtntb_port_bar_read(ports[slot], 0, offset, &value, 4);
	return value;
}

/* What the PCI core and the driver's probe do to get interrupts, and the link up. */
static void probe(unsigned slot)
{
	idtntb_port_config_write(ports[slot], 0xD4, 0xFEE00000, 4); /* MSI address, data, enable */
	idtntb_port_config_write(ports[slot], 0xDC, 0x40, 4);
	idtntb_port_config_write(ports[slot], 0xD2, 1, 2);
	idtntb_port_config_write(ports[slot], 0x04, 6, 2); /* memory, bus master */
	write32(slot, 0x408, 0xB0); /* NTINTMSK */
	write32(slot, 0x400, 2); /* NTCTL: completions */
	write32(slot, 0x4D0, slot); /* the partition's mapping table entry */
	write32(slot, 0x4D8, slot << 17 | 1);
	write32(slot, 0x410, 1); /* NTGSIGNAL */
	idtntb_port_link_set(ports[slot], true);
}

int main(void)
{
	const struct idtntb_port_ops ops = { .size = sizeof(ops), .msi = msi, .intx = intx, .kick = kick };
	size_t size = (idtntb_block_size() + 63) / 64 * 64;
	void *block = aligned_alloc(64, size);
	struct idtntb_topology topology;
	struct idtntb_error error = { "" };
	struct idtntb_switch *sw;

	if (!block || idtntb_topology_parse(&topology, NULL, "0,2", "lut24", &error) ||
	    idtntb_block_format(block, size, &topology, &error) || idtntb_switch_open(&sw, block, size, &error))
		return fprintf(stderr, "no switch: %s\n", error.text), 1;
	for (unsigned slot = 0; slot < 2; slot++) {
		if (idtntb_port_attach(&ports[slot], sw, 2 * slot, slot + 1, &ops, &interrupts[slot], &error))
			return fprintf(stderr, "no port: %s\n", error.text), 1;
		probe(slot);
	}
	write32(0, 0x420, 1u << 2); /* ring bell 2 */
	write32(0, 0xFF8, 0x3EE00); /* SWP0MSGCTL0: to partition 1, register 0 */
	write32(0, 0xFFC, 1 << 4);
	write32(0, 0x430, 0xCAFE);
	printf("idtntb %s: doorbells 0x%x, message 0x%x, %u interrupts, status 0x%x\n", idtntb_version(),
	       read32(1, 0x428), read32(1, 0x440), interrupts[1], read32(0, 0x460));
	if (read32(1, 0x428) != 1u << 2 || read32(1, 0x440) != 0xCAFE || interrupts[1] != 2 || read32(0, 0x460))
		return 1;
	for (unsigned slot = 0; slot < 2; slot++) {
		idtntb_port_detach(ports[slot]);
		ports[slot] = NULL; /* nothing to kick any more */
	}
	idtntb_switch_close(sw);
	free(block);
	return 0;
}
