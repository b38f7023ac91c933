/* SPDX-License-Identifier: BSD-3-Clause */
/* An outside program with the public header alone: two hosts play the driver, ring and send. */
#include <idtntb.h>
#include <stdio.h>

static struct idtntb_port *ports[2];
static unsigned interrupts[2];
static _Alignas(64) unsigned char block[65536]; /* the state of the switch: idtntb_block_size() or more */

static void msi(void *opaque, uint64_t address, uint32_t data)
{
	*(unsigned *)opaque += address == 0xFEE00000 && data == 0x40;
}

static void intx(void *opaque, bool level)
{
	(void)opaque, (void)level;
}

static void kick(void *opaque, uint32_t slots)
{
	(void)opaque;
	for (unsigned slot = 0; slot < 2; slot++)
		if ((slots >> slot & 1) && ports[slot])
			idtntb_port_service(ports[slot]);
}

/* What both write: MSI; memory, bus master; NTINTMSK, NTCTL, NTGSIGNAL. Then one: doorbell 2; a message to partition 1. */
static const uint32_t lines[11][2] = {
	{ 0xD4, 0xFEE00000 }, { 0xDC, 0x40 },    { 0xD0, 1 << 16 },  { 0x04, 6 },       { 0x408, 0xB0 },   { 0x400, 2 },
	{ 0x410, 1 },         { 0x420, 1 << 2 }, { 0xFF8, 0x3EE00 }, { 0xFFC, 1 << 4 }, { 0x430, 0xCAFE },
};

int main(void)
{
	const struct idtntb_port_ops ops = { .size = sizeof(ops), .msi = msi, .intx = intx, .kick = kick };
	struct idtntb_error error;
	struct idtntb_topology topology;
	struct idtntb_switch *sw;

	if (idtntb_topology_parse(&topology, NULL, "0,2", "lut24", &error) ||
	    idtntb_block_format(block, sizeof(block), &topology, &error) ||
	    idtntb_switch_open(&sw, block, sizeof(block), &error))
		return fprintf(stderr, "no switch: %s\n", error.text), 1;
	for (unsigned slot = 0; slot < 2; slot++) {
		if (idtntb_port_attach(&ports[slot], sw, 2 * slot, slot + 1, &ops, &interrupts[slot], &error))
			return fprintf(stderr, "no port: %s\n", error.text), 1;
		for (unsigned i = 0; i < 7; i++)
			idtntb_port_config_write(ports[slot], lines[i][0], lines[i][1], 4);
		idtntb_port_config_write(ports[slot], 0x4D0, slot, 4); /* NTMTBLADDR, NTMTBLDATA: its partition */
		idtntb_port_config_write(ports[slot], 0x4D8, slot << 17 | 1, 4);
		idtntb_port_link_set(ports[slot], true);
	}
	for (unsigned i = 7; i < 11; i++)
		idtntb_port_config_write(ports[0], lines[i][0], lines[i][1], 4);
	const bool good = idtntb_port_config_read(ports[1], 0x428, 4) == 1 << 2 && interrupts[1] == 2 &&
			  idtntb_port_config_read(ports[1], 0x440, 4) == 0xCAFE &&
			  !idtntb_port_config_read(ports[0], 0x460, 4);
	for (unsigned slot = 2; slot-- > 0; ports[slot] = NULL)
		idtntb_port_detach(ports[slot]);
	idtntb_switch_close(sw);
	return good ? 0 : 1;
}
