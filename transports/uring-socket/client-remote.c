/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The frontend's accesses. Writes are applied to the shadow and sent; what changes windows, links or configuration waits
 * until the daemon has done it, so that it holds when the access returns. Reads ask, and take the shadow's word when there
 * is no answer in time.
 */
#include "client.h"

#include "../common/futex.h"

#include <errno.h>
#include <string.h>

#define REGISTER_MS                                                                                                    \
	3000 /* a busy machine is no broken one; later questions do not wait at all until this is answered */
#define ROW_US 20
#define OUTDBELLSET 0x420u
#define WINDOW_MS 4000 /* longer than the daemon waits for a peer */

/* Registers of which nobody waits for the effect: doorbells, messages, interrupts, and the indices of tables. */
static bool is_posted(uint64_t offset)
{
	static const uint16_t posted[] = { 0x404, 0x408, 0x420, 0x428, 0x42C, 0x430, 0x434,
					   0x438, 0x43C, 0x460, 0x464, 0x4D0, 0x4E0, 0xFF8 };

	for (size_t i = 0; i < sizeof(posted) / sizeof(posted[0]); i++) {
		if (posted[i] == (offset & ~3ull))
			return true;
	}
	return false;
}

/* Whether a write rings or sends to somebody right after another did: then they travel together, a little later. */
static bool in_a_row(struct client *client, uint64_t offset)
{
	const int64_t before = client->rung;

	if ((offset & ~3ull) != OUTDBELLSET)
		return false;
	client->rung = ntb_now();
	return client->rung - before < ROW_US * 1000;
}

/* After frames that have been added: wait until they are done. */
static void finish(struct client *client, uint32_t tag, bool wait, bool lazily)
{
	struct wire_sync *sync;

	if (!wait) {
		client_send_end(client, lazily ? CLIENT_SEND_LAZILY : CLIENT_SEND_NOW);
		return;
	}
	sync = client_add(client, WIRE_SYNC, 0);
	sync->tag = tag;
	client_send_end(client, CLIENT_SEND_ASK);
	client_await(client, NULL, 0, REGISTER_MS);
}

/*
 * Begin a write. *wait is taken back when waiting is in vain. What is posted waits for room, like window data, for else a
 * guest that rings faster than a network carries would lose its connection.
 */
static bool begin(struct client *client, bool *wait, uint32_t *tag)
{
	if (*wait && client_mute(client))
		*wait = false;
	*tag = *wait ? client_question(client) : 0;
	if (!client_send_begin(client, CLIENT_UP))
		return false;
	if (*wait || ntb_outbox_size(&client->outbox) < CLIENT_FULL)
		return true;
	pthread_mutex_unlock(&client->out_lock);
	client_make_room(client);
	return client_send_begin(client, CLIENT_UP);
}

static void end(struct client *client)
{
	if (atomic_load(&client->pending))
		client_deliver(client);
}

static void send_write(struct client *client, unsigned space, uint64_t offset, const void *data, size_t size, bool wait)
{
	struct wire_write *frame;
	uint32_t tag;

	if (begin(client, &wait, &tag)) {
		frame = client_add(client, WIRE_WRITE, size);
		frame->space = space;
		frame->offset = offset;
		frame->size = (uint32_t)size;
		memcpy(frame + 1, data, size);
		finish(client, tag, wait, space != WIRE_SPACE_CONFIG && in_a_row(client, offset));
	}
	end(client);
}

/* Ask for bytes. False: there is no answer. */
static bool ask(struct client *client, unsigned space, uint64_t offset, void *data, size_t size, int ms)
{
	struct wire_read *frame;
	uint32_t tag;
	bool good;

	if (client_mute(client))
		return false;
	tag = client_question(client);
	if (!client_send_begin(client, CLIENT_UP))
		return false;
	frame = client_add(client, WIRE_READ, 0);
	frame->tag = tag;
	frame->space = (uint16_t)space;
	frame->offset = offset;
	frame->size = (uint16_t)size;
	client_send_end(client, CLIENT_SEND_ASK);
	good = client_await(client, data, size, ms);
	end(client);
	return good;
}

/* ---------------------------------------------------------------- registers and windows */

static uint64_t config_read(struct idtntb_attachment *a, uint32_t offset, unsigned size)
{
	struct client *client = client_of(a);
	uint64_t value = 0;

	if (size > sizeof(value))
		size = sizeof(value);
	if (size && ask(client, WIRE_SPACE_CONFIG, offset, &value, size, REGISTER_MS))
		return value;
	client_shadow_settle(client);
	return idtntb_port_config_read(a->port, offset, size);
}

static void config_write(struct idtntb_attachment *a, uint32_t offset, uint64_t value, unsigned size)
{
	if (size > sizeof(value))
		size = sizeof(value);
	idtntb_port_config_write(a->port, offset, value, size);
	send_write(client_of(a), WIRE_SPACE_CONFIG, offset, &value, size, size > 4 || !is_posted(offset));
}

static void registers_read(struct idtntb_attachment *a, uint64_t offset, uint8_t *data, size_t size)
{
	struct client *client = client_of(a);

	if (ask(client, 0, offset, data, size, REGISTER_MS))
		return;
	client_shadow_settle(client);
	idtntb_port_bar_read(a->port, 0, offset, data, size);
}

static void bar_read(struct idtntb_attachment *a, unsigned bar, uint64_t offset, void *data, size_t size)
{
	struct client *client = client_of(a);
	uint8_t *at = data;

	while (size) {
		const size_t part = size < WIRE_DATA ? size : WIRE_DATA;

		if (!bar)
			registers_read(a, offset, at, part);
		else if (bar >= IDTNTB_BARS || !ask(client, bar, offset, at, part, WINDOW_MS))
			memset(at, 0xFF, part);
		at += part;
		offset += part;
		size -= part;
	}
}

/* Posted, and sent together with what follows: whatever tells a peer of it comes later in the same stream. */
static void window_write(struct client *client, unsigned bar, uint64_t offset, const void *data, size_t size)
{
	struct wire_write *frame;

	if (!client_make_room(client) || !client_send_begin(client, CLIENT_UP))
		return;
	frame = client_add(client, WIRE_WRITE, size);
	frame->space = bar;
	frame->offset = offset;
	frame->size = (uint32_t)size;
	memcpy(frame + 1, data, size);
	client_send_end(client, CLIENT_SEND_LAZILY);
}

static void bar_write(struct idtntb_attachment *a, unsigned bar, uint64_t offset, const void *data, size_t size)
{
	const uint8_t *at = data;

	if (!bar)
		idtntb_port_bar_write(a->port, 0, offset, data, size);
	while (size && bar < IDTNTB_BARS) {
		const size_t part = size < WIRE_DATA ? size : WIRE_DATA;

		if (!bar)
			send_write(client_of(a), 0, offset, at, part, part > 4 || !is_posted(offset));
		else
			window_write(client_of(a), bar, offset, at, part);
		at += part;
		offset += part;
		size -= part;
	}
}

static uint32_t peek(struct idtntb_attachment *a, uint32_t offset)
{
	struct client *client = client_of(a);
	uint32_t value;

	if (ask(client, WIRE_SPACE_PEEK, offset, &value, sizeof(value), REGISTER_MS))
		return value;
	client_shadow_settle(client);
	return idtntb_port_peek(a->port, offset);
}

static void stats(struct idtntb_attachment *a, struct idtntb_port_stats *counters)
{
	if (!ask(client_of(a), WIRE_SPACE_STATS, 0, counters, sizeof(*counters), REGISTER_MS))
		idtntb_port_stats(a->port, counters);
}

/* ---------------------------------------------------------------- the rest of a port */

static void mirror(struct idtntb_attachment *a, uint32_t offset, uint32_t value)
{
	struct client *client = client_of(a);
	struct wire_mirror *frame;
	bool wait = true;
	uint32_t tag;

	/* A VMM mirrors at every write of its image what has not changed. */
	if (offset >= IDTNTB_VMM_CONFIG_SIZE || idtntb_port_peek(a->port, offset) == value)
		return;
	idtntb_port_mirror(a->port, offset, value);
	if (begin(client, &wait, &tag)) {
		frame = client_add(client, WIRE_MIRROR, 0);
		frame->offset = offset;
		frame->value = value;
		finish(client, tag, wait, false);
	}
	end(client);
}

static void reset(struct idtntb_attachment *a)
{
	struct client *client = client_of(a);
	bool wait = true;
	uint32_t tag;

	idtntb_port_reset(a->port);
	if (begin(client, &wait, &tag)) {
		client_add(client, WIRE_RESET, 0);
		finish(client, tag, wait, false);
	}
	end(client);
}

static void link_set(struct idtntb_attachment *a, bool up)
{
	struct client *client = client_of(a);
	struct wire_switch *frame;
	bool wait = true;
	uint32_t tag;

	idtntb_port_link_set(a->port, up);
	if (begin(client, &wait, &tag)) {
		frame = client_add(client, WIRE_LINK, 0);
		frame->on = up;
		finish(client, tag, wait, false);
	}
	end(client);
}

static int link_force(struct idtntb_attachment *a, unsigned port, bool down)
{
	struct client *client = client_of(a);
	struct wire_switch *frame;
	bool wait = true;
	uint32_t tag;

	if (idtntb_switch_slot(a->sw, port) < 0)
		return -EINVAL;
	if (!begin(client, &wait, &tag))
		return -ENOTCONN;
	frame = client_add(client, WIRE_FORCE, 0);
	frame->on = down;
	frame->port = port;
	finish(client, tag, wait, false);
	end(client);
	return 0;
}

static void window_mapped(struct idtntb_attachment *a, unsigned window, bool mapped)
{
	struct client *client = client_of(a);
	struct wire_mapped *frame;

	if (!client_send_begin(client, CLIENT_UP))
		return;
	frame = client_add(client, WIRE_MAPPED, 0);
	frame->window = window;
	frame->on = mapped;
	client_send_end(client, CLIENT_SEND_LAZILY);
}

static void drain(struct idtntb_attachment *a)
{
	client_drain(client_of(a));
}

const struct ntb_remote client_remote = {
	.bar_read = bar_read,
	.bar_write = bar_write,
	.config_read = config_read,
	.config_write = config_write,
	.mirror = mirror,
	.peek = peek,
	.reset = reset,
	.link_set = link_set,
	.window = client_window,
	.stats = stats,
	.member = client_member,
	.link_force = link_force,
	.window_mapped = window_mapped,
	.drain = drain,
	.shadow_ops = &client_shadow_ops,
};
