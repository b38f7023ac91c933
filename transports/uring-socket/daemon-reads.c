/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reads of windows go to the process that has the RAM, and the answer comes when it comes: meanwhile everybody goes on. The
 * switch decides, as in every transport: it is asked for the access, and what it would read of a peer is asked for.
 */
#include "daemon.h"

#include <errno.h>
#include <string.h>

#define PATIENCE (2 * SECOND) /* with a host that does not answer, and up to a second more: as copies wait */

void read_start(struct connection *c, const struct wire_read *wanted)
{
	struct pending_read *read = &c->read;

	if (read->active) {
		connection_doom(c, "it reads while a read waits");
		return;
	}
	read->tag = wanted->tag;
	read->size = wanted->size;
	read->since = c->daemon->now;
	read->waiting = 0;
	read->segment_count = 0;
	memset(read->data, 0xFF, read->size);
	idtntb_port_bar_read(c->port, wanted->space, wanted->offset, read->data, read->size);
	if (read->waiting)
		read->active = true;
	else
		request_answer(c, read->tag, read->data, read->size);
}

int read_peer(void *opaque, unsigned slot, uint64_t address, void *data, size_t size)
{
	struct connection *c = opaque, *target = c->daemon->holders[slot];
	struct pending_read *read = &c->read;
	struct wire_ram_read *request;
	struct segment *segment;

	if (!target || target->late || read->segment_count == SEGMENTS)
		return -ETIMEDOUT;
	segment = &read->segments[read->segment_count++];
	*segment = (struct segment){
		.tag = ++c->daemon->read_tag,
		.slot = slot,
		.at = (size_t)((uint8_t *)data - read->data),
		.size = size,
	};
	read->waiting++;
	request = connection_add(target, WIRE_RAM_READ, 0);
	request->address = address;
	request->size = (uint32_t)size;
	request->tag = segment->tag;
	return 0;
}

static void settle(struct connection *c, struct segment *segment, const void *data)
{
	struct pending_read *read = &c->read;

	segment->answered = true;
	if (data)
		memcpy(read->data + segment->at, data, segment->size);
	if (--read->waiting)
		return;
	read->active = false;
	request_answer(c, read->tag, read->data, read->size);
}

void read_answered(struct connection *from, const struct wire_ram_answer *frame)
{
	struct daemon *daemon = from->daemon;

	from->late = false;
	for (unsigned i = 0; i < daemon->connection_count; i++) {
		struct connection *c = daemon->connections[i];

		for (unsigned s = 0; c->read.active && s < c->read.segment_count; s++) {
			struct segment *segment = &c->read.segments[s];

			if (segment->answered || segment->slot != from->slot || segment->tag != frame->tag)
				continue;
			if (frame->done && frame->size != segment->size)
				connection_doom(from, "it answers %u bytes for %zu", frame->size, segment->size);
			settle(c, segment, frame->done && frame->size == segment->size ? frame + 1 : NULL);
			return;
		}
	}
}

/* One reader's segments of a port. */
static void give_up(struct connection *c, unsigned slot)
{
	for (unsigned s = 0; c->read.active && s < c->read.segment_count; s++) {
		struct segment *segment = &c->read.segments[s];

		if (!segment->answered && segment->slot == slot)
			settle(c, segment, NULL);
	}
}

void reads_give_up(struct daemon *daemon, unsigned slot)
{
	for (unsigned i = 0; i < daemon->connection_count; i++)
		give_up(daemon->connections[i], slot);
}

void reads_tick(struct daemon *daemon)
{
	for (unsigned i = 0; i < daemon->connection_count; i++) {
		struct connection *c = daemon->connections[i];

		if (!c->read.active || daemon->now - c->read.since < PATIENCE)
			continue;
		/* Until one of its answers comes, who reads there gets ones at once. */
		for (unsigned s = 0; c->read.active && s < c->read.segment_count; s++) {
			const struct segment *segment = &c->read.segments[s];

			if (segment->answered)
				continue;
			if (daemon->holders[segment->slot])
				daemon->holders[segment->slot]->late = true;
			give_up(c, segment->slot);
		}
	}
}
