/* SPDX-License-Identifier: BSD-3-Clause */
/* What frames there are, and what is one. Both sides check by this table before they look into a frame. */
#include "wire.h"

#include "../common/error.h"

#include <errno.h>
#include <string.h>

#define PLAIN(structure) .fixed = sizeof(struct structure)
#define BYTES(structure, limit)                                                                                        \
	.fixed = sizeof(struct structure), .unit = 1, .most = (limit), .count_at = offsetof(struct structure, size)
#define CLIENT .from_daemon = false
#define DAEMON .from_daemon = true

static const struct wire_kind kinds[WIRE_TYPES] = {
	[WIRE_HELLO] = { "HELLO", PLAIN(wire_hello), CLIENT },
	[WIRE_ATTACH] = { "ATTACH", PLAIN(wire_attach), CLIENT },
	[WIRE_READ] = { "READ", PLAIN(wire_read), CLIENT },
	[WIRE_WRITE] = { "WRITE", BYTES(wire_write, WIRE_DATA), CLIENT },
	[WIRE_SYNC] = { "SYNC", PLAIN(wire_sync), CLIENT },
	[WIRE_MIRROR] = { "MIRROR", PLAIN(wire_mirror), CLIENT },
	[WIRE_RESET] = { "RESET", .fixed = 0, CLIENT },
	[WIRE_LINK] = { "LINK", PLAIN(wire_switch), CLIENT },
	[WIRE_FORCE] = { "FORCE", PLAIN(wire_switch), CLIENT },
	[WIRE_RESUME] = { "RESUME", .fixed = 0, CLIENT },
	[WIRE_OFFER] = { "OFFER", PLAIN(wire_offer), .unit = sizeof(struct wire_range), .most = WIRE_RANGES,
			 .count_at = offsetof(struct wire_offer, count), CLIENT },
	[WIRE_RAM_ANSWER] = { "RAM_ANSWER", BYTES(wire_ram_answer, WIRE_DATA), CLIENT },
	[WIRE_PONG] = { "PONG", .fixed = 0, CLIENT },
	[WIRE_LOOK] = { "LOOK", PLAIN(wire_sync), CLIENT },
	[WIRE_ORDER] = { "ORDER", PLAIN(wire_order), CLIENT },
	[WIRE_IMAGE] = { "IMAGE", BYTES(wire_image, WIRE_DATA), CLIENT },
	[WIRE_CONSENT] = { "CONSENT", PLAIN(wire_switch), CLIENT },
	[WIRE_MAPPED] = { "MAPPED", PLAIN(wire_mapped), CLIENT },
	[WIRE_WELCOME] = { "WELCOME", PLAIN(wire_welcome), DAEMON },
	[WIRE_ATTACHED] = { "ATTACHED", BYTES(wire_attached, WIRE_TEXT), DAEMON },
	[WIRE_DATA_FRAME] = { "DATA", BYTES(wire_data, WIRE_DATA), DAEMON },
	[WIRE_MSI] = { "MSI", PLAIN(wire_msi), DAEMON },
	[WIRE_INTX] = { "INTX", PLAIN(wire_switch), DAEMON },
	[WIRE_WINDOW] = { "WINDOW", PLAIN(wire_window), DAEMON },
	[WIRE_PEER] = { "PEER", PLAIN(wire_peer), DAEMON },
	[WIRE_OFFERED] = { "OFFERED", PLAIN(wire_offer), .unit = sizeof(struct wire_range), .most = WIRE_RANGES,
			   .count_at = offsetof(struct wire_offer, count), DAEMON },
	[WIRE_RAM_WRITE] = { "RAM_WRITE", BYTES(wire_ram_write, WIRE_DATA), DAEMON },
	[WIRE_RAM_READ] = { "RAM_READ", PLAIN(wire_ram_read), DAEMON },
	[WIRE_LOG] = { "LOG", BYTES(wire_log, WIRE_TEXT), DAEMON },
	[WIRE_GUEST_ERROR] = { "GUEST_ERROR", BYTES(wire_text, WIRE_TEXT), DAEMON },
	[WIRE_PING] = { "PING", .fixed = 0, DAEMON },
	[WIRE_BYE] = { "BYE", BYTES(wire_text, WIRE_TEXT), DAEMON },
	[WIRE_SNAPSHOT] = { "SNAPSHOT", PLAIN(wire_snapshot), DAEMON },
	[WIRE_ORDERED] = { "ORDERED", BYTES(wire_ordered, WIRE_TEXT), DAEMON },
};

const struct wire_kind *ntb_wire_kind(unsigned type)
{
	return type < WIRE_TYPES && kinds[type].name ? &kinds[type] : NULL;
}

int ntb_wire_check_header(const struct wire_frame *frame, bool from_daemon, struct idtntb_error *error)
{
	const struct wire_kind *kind = ntb_wire_kind(frame->type);
	size_t least, most;

	if (!kind || kind->from_daemon != from_daemon || frame->zero)
		return ntb_fail(error, -EPROTO, "a frame of type %u, which %s does not send", frame->type,
				from_daemon ? "a daemon" : "a client");
	least = sizeof(*frame) + kind->fixed;
	most = ntb_wire_round(least + (size_t)kind->most * kind->unit);
	if (frame->length < least || frame->length > most || (frame->length & 7))
		return ntb_fail(error, -EPROTO, "a frame %s of %u bytes: %zu to %zu are right, in eights", kind->name,
				frame->length, ntb_wire_round(least), most);
	return 0;
}

int ntb_wire_check(const struct wire_frame *frame, struct idtntb_error *error)
{
	const struct wire_kind *kind = ntb_wire_kind(frame->type);
	uint32_t count = 0;

	if (kind->unit)
		memcpy(&count, (const uint8_t *)(frame + 1) + kind->count_at, sizeof(count));
	if (count <= kind->most &&
	    frame->length == ntb_wire_round(sizeof(*frame) + kind->fixed + (size_t)count * kind->unit))
		return 0;
	return ntb_fail(error, -EPROTO, "a frame %s of %u bytes for %u of content", kind->name, frame->length, count);
}

void ntb_wire_topology_put(struct wire_welcome *welcome, const struct idtntb_topology *topology)
{
	welcome->device_id = topology->chip->device_id;
	welcome->port_count = (uint16_t)topology->port_count;
	for (unsigned i = 0; i < topology->port_count; i++) {
		const struct idtntb_port_setup *from = &topology->ports[i];
		struct wire_port *to = &welcome->ports[i];

		to->port = from->port;
		to->partition = from->partition;
		to->link_speed = from->link_speed;
		to->link_width = from->link_width;
		memcpy(to->barsetup, from->barsetup, sizeof(to->barsetup));
	}
	memcpy(welcome->godbellmsk, topology->godbellmsk, sizeof(welcome->godbellmsk));
	memcpy(welcome->gidbellmsk, topology->gidbellmsk, sizeof(welcome->gidbellmsk));
}

int ntb_wire_topology_get(struct idtntb_topology *topology, const struct wire_welcome *welcome,
			  struct idtntb_error *error)
{
	memset(topology, 0, sizeof(*topology));
	for (unsigned i = 0; (topology->chip = idtntb_chip_get(i)); i++) {
		if (topology->chip->device_id == welcome->device_id)
			break;
	}
	if (!topology->chip || welcome->port_count > IDTNTB_PORTS)
		return ntb_fail(error, -EPROTO, "the daemon's switch is chip 0x%04x with %u ports: not one of ours",
				welcome->device_id, welcome->port_count);
	topology->port_count = welcome->port_count;
	for (unsigned i = 0; i < topology->port_count; i++) {
		const struct wire_port *from = &welcome->ports[i];
		struct idtntb_port_setup *to = &topology->ports[i];

		to->port = from->port;
		to->partition = from->partition;
		to->link_speed = from->link_speed;
		to->link_width = from->link_width;
		memcpy(to->barsetup, from->barsetup, sizeof(to->barsetup));
	}
	memcpy(topology->godbellmsk, welcome->godbellmsk, sizeof(topology->godbellmsk));
	memcpy(topology->gidbellmsk, welcome->gidbellmsk, sizeof(topology->gidbellmsk));
	return idtntb_topology_check(topology, error) ? -EPROTO : 0;
}
