/* SPDX-License-Identifier: BSD-3-Clause */
/* What clients ask for, one function each. Sizes have been checked by wire.c; here it is what the values mean. */
#include "daemon.h"

#include <string.h>

static void hello(struct connection *c, const void *body)
{
	const struct wire_hello *frame = body;
	struct wire_welcome *welcome;

	if (frame->magic != WIRE_MAGIC || frame->version != WIRE_VERSION) {
		connection_doom(c, "it speaks another protocol than version %u of idtntbd's", WIRE_VERSION);
		return;
	}
	c->capabilities = c->local ? frame->capabilities & WIRE_CAP_RAM : 0;
	welcome = connection_add(c, WIRE_WELCOME, 0);
	welcome->magic = WIRE_MAGIC;
	welcome->version = WIRE_VERSION;
	welcome->capabilities = c->capabilities;
	welcome->silence_ms = c->daemon->options->silence * 1000;
	ntb_wire_topology_put(welcome, c->daemon->topology);
	c->state = WELCOMED;
	c->heard = c->daemon->now;
}

static void attach(struct connection *c, const void *body)
{
	struct idtntb_error error = { "" };
	const int ret = port_attach(c, body, &error);
	const size_t size = strlen(error.text);
	struct wire_attached *frame = connection_add(c, WIRE_ATTACHED, size);

	frame->error = ret;
	frame->owner = c->owner;
	frame->slot = c->slot;
	frame->size = (uint32_t)size;
	memcpy(frame + 1, error.text, size);
	if (ret)
		return;
	port_tell_all(c);
	c->daemon->service |= 1u << c->slot;
	if (c->daemon->options->verbose)
		say("%s has port %u", c->name, c->number);
}

void request_answer(struct connection *c, uint32_t tag, const void *data, size_t size)
{
	struct wire_data *frame = connection_add(c, WIRE_DATA_FRAME, size);

	frame->tag = tag;
	frame->size = (uint32_t)size;
	if (size)
		memcpy(frame + 1, data, size);
}

static void read_space(struct connection *c, const void *body)
{
	const struct wire_read *frame = body;
	struct idtntb_port_stats stats;
	uint64_t value;

	if (frame->space >= WIRE_SPACES || !frame->size || frame->size > WIRE_DATA ||
	    (frame->space == WIRE_SPACE_CONFIG && frame->size > sizeof(value)) ||
	    (frame->space == WIRE_SPACE_PEEK && frame->size != sizeof(uint32_t)) ||
	    (frame->space == WIRE_SPACE_STATS && frame->size != sizeof(stats))) {
		connection_doom(c, "it reads %u bytes of space %u", frame->size, frame->space);
		return;
	}
	switch (frame->space) {
	case WIRE_SPACE_CONFIG:
		value = idtntb_port_config_read(c->port, (uint32_t)frame->offset, frame->size);
		request_answer(c, frame->tag, &value, frame->size);
		return;
	case WIRE_SPACE_PEEK:
		value = idtntb_port_peek(c->port, (uint32_t)frame->offset);
		request_answer(c, frame->tag, &value, frame->size);
		return;
	case WIRE_SPACE_STATS:
		idtntb_port_stats(c->port, &stats);
		request_answer(c, frame->tag, &stats, sizeof(stats));
		return;
	default:
		read_start(c, frame);
	}
}

static void write_space(struct connection *c, const void *body)
{
	const struct wire_write *frame = body;
	uint64_t value = 0;

	if (frame->space < WIRE_SPACE_CONFIG) {
		idtntb_port_bar_write(c->port, frame->space, frame->offset, frame + 1, frame->size);
	} else if (frame->space == WIRE_SPACE_CONFIG && frame->size <= sizeof(value)) {
		memcpy(&value, frame + 1, frame->size);
		idtntb_port_config_write(c->port, (uint32_t)frame->offset, value, frame->size);
	} else {
		connection_doom(c, "it writes %u bytes to space %u", frame->size, frame->space);
	}
}

static void do_sync(struct connection *c, const void *body)
{
	const struct wire_sync *frame = body;

	/* What it has done to itself is told before the answer. */
	ports_settle(c->daemon);
	request_answer(c, frame->tag, NULL, 0);
}

static void mirror(struct connection *c, const void *body)
{
	const struct wire_mirror *frame = body;

	idtntb_port_mirror(c->port, frame->offset, frame->value);
}

static void reset(struct connection *c, const void *body)
{
	(void)body;
	idtntb_port_reset(c->port);
}

static void set_link(struct connection *c, const void *body)
{
	const struct wire_switch *frame = body;

	idtntb_port_link_set(c->port, frame->on);
}

static void force(struct connection *c, const void *body)
{
	const struct wire_switch *frame = body;

	if (frame->port >= IDTNTB_PORT_NUMBERS || idtntb_switch_link_force(c->daemon->sw, frame->port, frame->on))
		connection_doom(c, "it forces the link of port %u, of which there is none", frame->port);
	else
		idtntb_port_announce(c->port);
}

static void consent(struct connection *c, const void *body)
{
	const struct wire_switch *frame = body;

	idtntb_port_poke_allow(c->port, frame->on);
}

static void window_mapped(struct connection *c, const void *body)
{
	const struct wire_mapped *frame = body;

	idtntb_port_window_mapped_set(c->port, frame->window, frame->on);
}

static void resume(struct connection *c, const void *body)
{
	(void)body;
	port_resume(c);
}

static void offer(struct connection *c, const void *body)
{
	port_offer(c, body);
}

static void ram_answer(struct connection *c, const void *body)
{
	read_answered(c, body);
}

static void pong(struct connection *c, const void *body)
{
	/* That it came is all it says. */
	(void)c;
	(void)body;
}

static const struct request {
	enum connection_state in;
	void (*carry_out)(struct connection *c, const void *body);
} requests[WIRE_WELCOME] = {
	[WIRE_HELLO] = { GREETING, hello },      [WIRE_ATTACH] = { WELCOMED, attach },
	[WIRE_READ] = { ATTACHED, read_space },  [WIRE_WRITE] = { ATTACHED, write_space },
	[WIRE_SYNC] = { ATTACHED, do_sync },     [WIRE_MIRROR] = { ATTACHED, mirror },
	[WIRE_RESET] = { ATTACHED, reset },      [WIRE_LINK] = { ATTACHED, set_link },
	[WIRE_FORCE] = { ATTACHED, force },      [WIRE_RESUME] = { ATTACHED, resume },
	[WIRE_OFFER] = { ATTACHED, offer },      [WIRE_RAM_ANSWER] = { ATTACHED, ram_answer },
	[WIRE_PONG] = { ATTACHED, pong },        [WIRE_LOOK] = { WELCOMED, view_look },
	[WIRE_ORDER] = { WELCOMED, view_order }, [WIRE_IMAGE] = { WELCOMED, view_image },
	[WIRE_CONSENT] = { ATTACHED, consent },  [WIRE_MAPPED] = { ATTACHED, window_mapped },
};

void request_carry_out(struct connection *c, const struct wire_frame *frame)
{
	const struct request *request = &requests[frame->type];

	if (request->in != c->state)
		connection_doom(c, "a frame %s out of turn", ntb_wire_kind(frame->type)->name);
	else
		request->carry_out(c, ntb_wire_body(frame));
}
