/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A port that joins again is as after a reset. Its registers are written anew, from the shadow: what the VMM mirrors, the
 * owner's own registers, lookup tables, mapping table, and what it has changed in the registers of the switch. What rings,
 * sends or clears is left out: unacknowledged doorbells and messages are gone, as on a link that was cut.
 */
#include "client.h"

#include <stdlib.h>
#include <string.h>

/* Offsets of section 3.1 that need care. */
enum {
	NTINTSTS = 0x404,
	INDBELLSTS = 0x428,
	OUTMSG0 = 0x430,
	OUTMSG3 = 0x43C,
	MSGSTS = 0x460,
	BARSETUP0 = 0x470,
	NTMTBLADDR = 0x4D0,
	NTMTBLDATA = 0x4D8,
	LUTOFFSET = 0x4E0,
	LUTLDATA = 0x4E4,
	LUTMDATA = 0x4E8,
	LUTUDATA = 0x4EC,
	GASAADDR = 0xFF8,
	GASADATA = 0xFFC,
};

#define LUT_BAR_SHIFT 8

void client_shadow_settle(struct client *client)
{
	struct idtntb_port *port = client->a->port;

	idtntb_port_config_write(port, INDBELLSTS, UINT32_MAX, 4);
	idtntb_port_config_write(port, MSGSTS, UINT32_MAX, 4);
	idtntb_port_config_write(port, NTINTSTS, UINT32_MAX, 4);
}

static void put(struct client *client, uint32_t offset, uint32_t value)
{
	struct wire_write *frame = client_add(client, WIRE_WRITE, sizeof(value));

	frame->space = WIRE_SPACE_CONFIG;
	frame->offset = offset;
	frame->size = sizeof(value);
	memcpy(frame + 1, &value, sizeof(value));
}

static uint32_t shadow(struct client *client, uint32_t offset)
{
	return idtntb_port_peek(client->a->port, offset);
}

/* What a register of the shadow shows behind an index register. */
static uint32_t shadow_at(struct client *client, uint32_t index_register, uint32_t index, uint32_t offset)
{
	idtntb_port_config_write(client->a->port, index_register, index, 4);
	return shadow(client, offset);
}

static void mirror_all(struct client *client)
{
	for (uint32_t offset = 0; offset < IDTNTB_VMM_CONFIG_SIZE; offset += 4) {
		struct wire_mirror *frame = client_add(client, WIRE_MIRROR, 0);

		frame->offset = offset;
		frame->value = shadow(client, offset);
	}
}

/* An index register, what is behind one, or what acts when it is written. */
static bool needs_care(uint32_t offset)
{
	return (offset >= OUTMSG0 && offset <= OUTMSG3) || (offset >= LUTOFFSET && offset <= LUTUDATA) ||
	       offset == NTMTBLADDR || offset == NTMTBLDATA || offset >= GASAADDR;
}

/* One instance of a register that keeps what is written. */
static void own_register(struct client *client, const struct idtntb_register *reg, unsigned i, unsigned j)
{
	const struct idtntb_topology *topology = idtntb_switch_topology(client->a->sw);
	const uint32_t offset = idtntb_register_address(reg, i, j), value = shadow(client, offset);
	const uint32_t first = reg->address == BARSETUP0 ? topology->ports[client->a->slot].barsetup[i] : reg->reset;

	if (value != first)
		put(client, offset, value);
}

static void own_registers(struct client *client)
{
	const struct idtntb_register *reg;

	for (unsigned index = 0; (reg = idtntb_register_get(index)); index++) {
		/* BARSETUP has no mask in the table, for it depends on the BAR. */
		if (reg->space != IDTNTB_SPACE_NT || reg->status == IDTNTB_STATUS_ABSENT ||
		    reg->address < IDTNTB_VMM_CONFIG_SIZE || needs_care(reg->address) ||
		    (!reg->rw && reg->address != BARSETUP0))
			continue;
		for (unsigned i = 0; i < reg->count[0]; i++) {
			for (unsigned j = 0; j < reg->count[1]; j++)
				own_register(client, reg, i, j);
		}
	}
}

static void lookup_tables(struct client *client)
{
	const uint32_t index = shadow(client, LUTOFFSET);

	for (unsigned bar = 2; bar <= 4; bar += 2) {
		for (unsigned entry = 0; entry < IDTNTB_LUT_ENTRIES; entry++) {
			const uint32_t at = entry | bar << LUT_BAR_SHIFT;
			const uint32_t upper = shadow_at(client, LUTOFFSET, at, LUTUDATA);

			if (!upper)
				continue;
			put(client, LUTOFFSET, at);
			put(client, LUTLDATA, shadow(client, LUTLDATA));
			put(client, LUTMDATA, shadow(client, LUTMDATA));
			put(client, LUTUDATA, upper);
		}
	}
	idtntb_port_config_write(client->a->port, LUTOFFSET, index, 4);
	put(client, LUTOFFSET, index);
}

static void mapping_table(struct client *client)
{
	const uint32_t index = shadow(client, NTMTBLADDR);

	for (unsigned entry = 0; entry < IDTNTB_MTBL_ENTRIES; entry++) {
		const uint32_t value = shadow_at(client, NTMTBLADDR, entry, NTMTBLDATA);

		if (!value)
			continue;
		put(client, NTMTBLADDR, entry);
		put(client, NTMTBLDATA, value);
	}
	idtntb_port_config_write(client->a->port, NTMTBLADDR, index, 4);
	put(client, NTMTBLADDR, index);
}

/* A switch register that this port has changed: it differs from one that nobody has written. */
static void switch_register(struct client *client, const struct idtntb_switch *fresh, uint32_t address)
{
	const uint32_t value = idtntb_switch_peek(client->a->sw, address);

	if (value == idtntb_switch_peek(fresh, address))
		return;
	put(client, GASAADDR, address);
	put(client, GASADATA, value);
}

static void switch_registers(struct client *client, const struct idtntb_switch *fresh)
{
	const struct idtntb_register *reg;

	for (unsigned index = 0; (reg = idtntb_register_get(index)); index++) {
		if (reg->space != IDTNTB_SPACE_SWITCH || !reg->rw || reg->w1c || reg->w1s)
			continue;
		for (unsigned i = 0; i < reg->count[0]; i++) {
			for (unsigned j = 0; j < reg->count[1]; j++)
				switch_register(client, fresh, idtntb_register_address(reg, i, j));
		}
	}
	put(client, GASAADDR, shadow(client, GASAADDR));
}

void client_consent(struct client *client)
{
	struct wire_switch *frame;

	if (!client->a->accept_poke)
		return;
	frame = client_add(client, WIRE_CONSENT, 0);
	frame->on = true;
}

void client_replay(struct client *client)
{
	const struct idtntb_topology *topology = idtntb_switch_topology(client->a->sw);
	struct idtntb_switch *fresh = NULL;
	struct idtntb_error error;
	void *block = aligned_alloc(4096, client->memory_size);

	client_consent(client);
	mirror_all(client);
	own_registers(client);
	lookup_tables(client);
	mapping_table(client);
	if (block && !idtntb_block_format(block, client->memory_size, topology, &error) &&
	    !idtntb_switch_open(&fresh, block, client->memory_size, &error))
		switch_registers(client, fresh);
	else
		client_lose(client, "no memory to replay the registers");
	idtntb_switch_close(fresh);
	free(block);
}
