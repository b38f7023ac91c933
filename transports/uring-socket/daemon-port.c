/* SPDX-License-Identifier: BSD-3-Clause */
/* The ports of the switch and who holds them: what the switch does for one becomes a frame to its holder. */
#include "daemon.h"

#include "../common/error.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define CACHE_LINE 64

/* ---------------------------------------------------------------- callbacks of a port */

static void on_msi(void *opaque, uint64_t address, uint32_t data)
{
	struct wire_msi *frame = connection_add(opaque, WIRE_MSI, 0);

	frame->address = address;
	frame->data = data;
}

static void on_intx(void *opaque, bool level)
{
	struct wire_switch *frame = connection_add(opaque, WIRE_INTX, 0);

	frame->on = level;
}

static void on_kick(void *opaque, uint32_t slots)
{
	struct connection *c = opaque;

	c->daemon->service |= slots;
}

static void on_window_changed(void *opaque, unsigned window)
{
	struct connection *c = opaque;
	struct wire_window *frame;
	struct idtntb_window info;

	if (!c->port)
		return;
	idtntb_port_window(c->port, window, &info);
	frame = connection_add(c, WIRE_WINDOW, 0);
	frame->window = window;
	frame->readable = info.readable;
	frame->slot = (uint16_t)info.slot;
	frame->address = info.address;
	frame->length = info.length;
}

/* The stream to the RAM's owner is also that of its interrupts, and its answers: nothing overtakes (section 13). */
static int on_peer_write(void *opaque, unsigned slot, uint64_t address, const void *data, size_t size)
{
	struct connection *c = opaque, *target = c->daemon->holders[slot];
	struct wire_ram_write *frame;

	if (!target)
		return -ENODEV;
	frame = connection_add(target, WIRE_RAM_WRITE, size);
	frame->address = address;
	frame->size = (uint32_t)size;
	memcpy(frame + 1, data, size);
	return 0;
}

static void on_log(void *opaque, enum idtntb_log_level level, const char *text)
{
	struct connection *c = opaque;

	if (c->state != CLOSING && !c->doom[0])
		ntb_outbox_add_text(&c->outbox, WIRE_LOG, level, text);
}

static void on_guest_error(void *opaque, const char *text)
{
	struct connection *c = opaque;

	if (c->state != CLOSING && !c->doom[0])
		ntb_outbox_add_text(&c->outbox, WIRE_GUEST_ERROR, 0, text);
}

static const struct idtntb_port_ops ops = {
	.size = sizeof(ops),
	.msi = on_msi,
	.intx = on_intx,
	.kick = on_kick,
	.window_changed = on_window_changed,
	.peer_read = read_peer,
	.peer_write = on_peer_write,
	.log = on_log,
	.guest_error = on_guest_error,
};

/* ---------------------------------------------------------------- the switch */

static int open_switch(const struct idtntb_topology *topology, void **block, struct idtntb_switch **sw,
		       struct idtntb_error *error)
{
	const size_t size = (idtntb_block_size() + CACHE_LINE - 1) & ~(size_t)(CACHE_LINE - 1);
	int ret;

	*block = aligned_alloc(CACHE_LINE, size);
	if (!*block)
		return ntb_fail(error, -ENOMEM, "no memory for a switch");
	ret = idtntb_block_format(*block, size, topology, error);
	return ret ? ret : idtntb_switch_open(sw, *block, size, error);
}

int ports_open(struct daemon *daemon)
{
	struct idtntb_error error;
	int ret = open_switch(&daemon->options->topology, &daemon->block, &daemon->sw, &error);

	if (ret) {
		say("%s", error.text);
		return ret;
	}
	daemon->topology = idtntb_switch_topology(daemon->sw);
	daemon->counters = calloc(daemon->topology->port_count, idtntb_counters_size());
	daemon->image = malloc(idtntb_save_size());
	if (!daemon->counters || !daemon->image) {
		say("no memory for a switch");
		return -ENOMEM;
	}
	/* Owners of another life of this daemon have other numbers. */
	if (getrandom(&daemon->owners, sizeof(daemon->owners), 0) != sizeof(daemon->owners))
		daemon->owners = (uint32_t)getpid();
	return 0;
}

void ports_close(struct daemon *daemon)
{
	idtntb_switch_close(daemon->sw);
	free(daemon->counters);
	free(daemon->image);
	free(daemon->block);
}

/* ---------------------------------------------------------------- members */

static void tell_member(struct connection *c, unsigned slot)
{
	const struct idtntb_member *member = &c->daemon->members[slot];
	struct wire_peer *frame = connection_add(c, WIRE_PEER, 0);

	frame->slot = slot;
	frame->owner = member->owner;
	frame->generation = member->generation;
	frame->up = member->up;
	frame->forced_down = member->forced_down;
}

static void tell_members(struct daemon *daemon)
{
	for (unsigned slot = 0; slot < daemon->topology->port_count; slot++) {
		struct idtntb_member now = { 0 }, *last = &daemon->members[slot];

		idtntb_switch_member(daemon->sw, daemon->topology->ports[slot].port, &now);
		if (now.owner == last->owner && now.generation == last->generation && now.up == last->up &&
		    now.forced_down == last->forced_down)
			continue;
		*last = now;
		for (unsigned s = 0; s < daemon->topology->port_count; s++) {
			if (daemon->holders[s])
				tell_member(daemon->holders[s], slot);
		}
	}
}

void ports_settle(struct daemon *daemon)
{
	if (!daemon->service)
		return;
	while (daemon->service) {
		const unsigned slot = (unsigned)__builtin_ctz(daemon->service);

		daemon->service &= ~(1u << slot);
		if (slot < IDTNTB_PORTS && daemon->holders[slot])
			idtntb_port_service(daemon->holders[slot]->port);
	}
	tell_members(daemon);
}

/* ---------------------------------------------------------------- offers of RAM */

static void tell_offer(struct connection *c, unsigned slot)
{
	const struct offer *offer = &c->daemon->offers[slot];
	const size_t size = offer->count * sizeof(struct wire_range);
	struct wire_offer *frame;

	if (!(c->capabilities & WIRE_CAP_RAM) || c->doom[0] || c->state != ATTACHED)
		return;
	frame = ntb_outbox_add_fds(&c->outbox, WIRE_OFFERED, size, offer->fds, offer->count);
	/* No descriptors are left: its windows go by copy, and what was mapped before may not stay. */
	if (!frame)
		frame = connection_add(c, WIRE_OFFERED, 0);
	else if (offer->count)
		memcpy(frame->ranges, offer->ranges, size), frame->count = offer->count;
	frame->slot = slot;
	frame->owner = c->daemon->holders[slot] ? c->daemon->holders[slot]->owner : 0;
	connection_filled(c);
}

static void drop_offer(struct offer *offer)
{
	for (unsigned i = 0; i < offer->count; i++)
		close(offer->fds[i]);
	offer->count = 0;
}

void port_offer(struct connection *c, const struct wire_offer *wanted)
{
	struct offer *offer = &c->daemon->offers[c->slot];

	drop_offer(offer);
	if (!ntb_inbox_take_fds(&c->inbox, offer->fds, wanted->count)) {
		connection_doom(c, "it offers %u ranges of RAM with less descriptors", wanted->count);
		return;
	}
	offer->count = wanted->count;
	memcpy(offer->ranges, wanted->ranges, wanted->count * sizeof(*wanted->ranges));
	for (unsigned slot = 0; slot < c->daemon->topology->port_count; slot++) {
		if (c->daemon->holders[slot] && slot != c->slot)
			tell_offer(c->daemon->holders[slot], c->slot);
	}
}

void port_tell_all(struct connection *c)
{
	for (unsigned slot = 0; slot < c->daemon->topology->port_count; slot++) {
		tell_member(c, slot);
		if (slot != c->slot && c->daemon->offers[slot].count)
			tell_offer(c, slot);
	}
}

/* ---------------------------------------------------------------- coming and going */

static const char *list_free(const struct daemon *daemon, char *text, size_t size)
{
	size_t at = 0;

	snprintf(text, size, "none");
	for (unsigned slot = 0; slot < daemon->topology->port_count && at < size; slot++) {
		if (!daemon->holders[slot])
			at += (size_t)snprintf(text + at, size - at, "%s%u", at ? ", " : "",
					       daemon->topology->ports[slot].port);
	}
	return text;
}

int port_attach(struct connection *c, const struct wire_attach *wanted, struct idtntb_error *error)
{
	struct daemon *daemon = c->daemon;
	const int slot = wanted->port < IDTNTB_PORT_NUMBERS ? idtntb_switch_slot(daemon->sw, wanted->port) : -1;
	struct connection *holder;
	char ports[64];
	int ret;

	if (slot < 0)
		return ntb_fail(error, -EINVAL, "port %u is no NT port of this %s", wanted->port,
				daemon->topology->chip->name);
	holder = daemon->holders[slot];
	if (holder && wanted->identity && holder->identity == wanted->identity) {
		/* It is the same client, and its old connection is dead, whether or not that is known here. */
		port_detach(holder);
		connection_doom(holder, "its client has come back by another connection");
		holder = NULL;
	}
	if (holder)
		return ntb_fail(error, -EBUSY, "port %u is taken by another client; free: %s", wanted->port,
				list_free(daemon, ports, sizeof(ports)));
	c->slot = (unsigned)slot;
	c->number = wanted->port;
	c->identity = wanted->identity;
	while (!++daemon->owners)
		;
	c->owner = daemon->owners;
	/* Known to the callbacks of other ports only when it is there. */
	ret = idtntb_port_attach(&c->port, daemon->sw, c->number, c->owner, &ops, c, error);
	if (ret)
		return ret;
	daemon->holders[slot] = c;
	idtntb_port_counters_set(c->port, daemon->counters + (unsigned)slot * idtntb_counters_size());
	idtntb_port_log_set(c->port, wanted->log_level <= IDTNTB_LOG_TRACE ? wanted->log_level : IDTNTB_LOG_INFO);
	c->state = ATTACHED;
	return 0;
}

void port_detach(struct connection *c)
{
	struct daemon *daemon = c->daemon;
	struct idtntb_port *port = c->port;

	if (!port)
		return;
	daemon->holders[c->slot] = NULL;
	idtntb_port_detach(port);
	c->port = NULL;
	c->read.active = false;
	drop_offer(&daemon->offers[c->slot]);
	for (unsigned slot = 0; slot < daemon->topology->port_count; slot++) {
		if (daemon->holders[slot])
			tell_offer(daemon->holders[slot], c->slot);
	}
	reads_give_up(daemon, c->slot);
	daemon->service |= 1u << c->slot; /* members have changed */
}

/*
 * To its guest all peers were away, and are back. The port moves to a switch with nobody in it and returns, so that this
 * makes the events that it makes on the chip.
 */
void port_resume(struct connection *c)
{
	struct idtntb_switch *limbo = NULL;
	struct idtntb_error error;
	void *block;
	int ret = open_switch(c->daemon->topology, &block, &limbo, &error);

	if (!ret && !idtntb_port_move(c->port, limbo, &error))
		ret = idtntb_port_move(c->port, c->daemon->sw, &error);
	if (ret)
		connection_doom(c, "%s", error.text);
	idtntb_switch_close(limbo);
	free(block);
}
