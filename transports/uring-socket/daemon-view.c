/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients that take no port and look into the switch: snapshots, and what they may ask for. */
#include "daemon.h"

#include "../common/error.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---------------------------------------------------------------- snapshots */

static void send_pieces(struct connection *c, uint32_t tag, const uint8_t *data, size_t size)
{
	for (size_t at = 0; at < size; at += WIRE_DATA) {
		const size_t part = size - at < WIRE_DATA ? size - at : WIRE_DATA;

		request_answer(c, tag, data + at, part);
	}
}

/* Who looks again and again does not read from a longer queue for it: no frame of its is looked at meanwhile. */
void view_look(struct connection *c, const void *body)
{
	const struct wire_sync *look = body;
	struct daemon *daemon = c->daemon;
	const unsigned ports = daemon->topology->port_count;
	struct wire_snapshot *frame = connection_add(c, WIRE_SNAPSHOT, 0);

	frame->tag = look->tag;
	frame->image = (uint32_t)idtntb_save_size();
	frame->counters = (uint32_t)idtntb_counters_size();
	frame->ports = ports;
	idtntb_switch_save(daemon->sw, daemon->image, idtntb_save_size());
	send_pieces(c, look->tag, daemon->image, idtntb_save_size());
	send_pieces(c, look->tag, daemon->counters, ports * idtntb_counters_size());
}

/* ---------------------------------------------------------------- orders */

static int poke(struct daemon *daemon, const struct wire_order *order, struct idtntb_error *error)
{
	uint32_t ticket;
	int ret = idtntb_switch_poke_post(daemon->sw, order->port, order->offset, order->value, &ticket, error);

	if (ret)
		return ret;
	daemon->service |= 1u << idtntb_switch_slot(daemon->sw, order->port);
	ports_settle(daemon);
	ret = idtntb_switch_poke_result(daemon->sw, order->port, ticket);
	if (ret == -EACCES)
		return ntb_fail(
			error, ret,
			"the owner of port %u accepts no pokes: its user allows them with poke=on (QEMU) or --poke "
			"(idtntb-vfio-user)",
			order->port);
	return ret ? ntb_fail(error, -ENXIO, "the owner of port %u is gone", order->port) : 0;
}

static int force(struct daemon *daemon, const struct wire_order *order, struct idtntb_error *error)
{
	if (idtntb_switch_link_force(daemon->sw, order->port, order->value))
		return ntb_fail(error, -EINVAL, "port %u is no NT port of this switch", order->port);
	daemon->service |= (1u << daemon->topology->port_count) - 1;
	return 0;
}

static int load(struct connection *c, struct idtntb_error *error)
{
	struct daemon *daemon = c->daemon;
	struct idtntb_switch *saved;
	int ret;

	ret = idtntb_switch_open_image(&saved, c->upload ? c->upload : (const void *)"", c->uploaded, error);
	if (ret)
		return ret;
	ret = idtntb_topology_compare(idtntb_switch_topology(saved), daemon->topology, error);
	idtntb_switch_close(saved);
	if (ret)
		return ret;
	for (unsigned slot = 0; slot < daemon->topology->port_count; slot++) {
		if (daemon->holders[slot])
			return ntb_fail(error, -EBUSY, "port %u is attached: end its host first",
					daemon->topology->ports[slot].port);
	}
	return idtntb_block_load(daemon->block, idtntb_block_size(), c->upload, c->uploaded, error);
}

void view_image(struct connection *c, const void *body)
{
	const struct wire_image *piece = body;

	if (!c->upload)
		c->upload = malloc(idtntb_save_size());
	/* From the start again, or on. */
	if (!piece->at)
		c->uploaded = 0;
	if (!c->upload || piece->at != c->uploaded || piece->size > idtntb_save_size() - c->uploaded) {
		connection_doom(c, "it sends %u bytes of a saved state at %u", piece->size, piece->at);
		return;
	}
	memcpy(c->upload + c->uploaded, piece + 1, piece->size);
	c->uploaded += piece->size;
}

void view_order(struct connection *c, const void *body)
{
	const struct wire_order *order = body;
	struct idtntb_error error = { "" };
	struct wire_ordered *frame;
	size_t size;
	int ret;

	switch (order->what) {
	case WIRE_ORDER_POKE:
		ret = poke(c->daemon, order, &error);
		break;
	case WIRE_ORDER_FORCE:
		ret = force(c->daemon, order, &error);
		break;
	case WIRE_ORDER_LOAD:
		ret = load(c, &error);
		c->uploaded = 0;
		break;
	default:
		connection_doom(c, "it gives order %u, which is none", order->what);
		return;
	}
	size = ret ? strlen(error.text) : 0;
	frame = connection_add(c, WIRE_ORDERED, size);
	frame->tag = order->tag;
	frame->error = ret;
	frame->size = (uint32_t)size;
	memcpy(frame + 1, error.text, size);
}
