/* SPDX-License-Identifier: BSD-3-Clause */
/* What comes from the daemon: answers, accesses to our RAM, and news for the frontend. */
#include "client.h"
#include "talk.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void begin_news(struct client *client)
{
	pthread_mutex_lock(&client->events_lock);
}

static void end_news(struct client *client)
{
	pthread_mutex_unlock(&client->events_lock);
	/* Who asks hands them on before it returns; else the frontend must be called. */
	if (!atomic_exchange(&client->pending, true))
		ntb_wake(client->a);
}

void client_line(struct client *client, int level, const char *format, ...)
{
	struct client_events *events = &client->events;
	va_list list;

	begin_news(client);
	/* More than anybody reads between two looks: the first ones tell most. */
	if (events->line_count < CLIENT_LINES) {
		struct client_line *line = &events->lines[events->line_count++];

		line->level = level;
		va_start(list, format);
		vsnprintf(line->text, sizeof(line->text), format, list);
		va_end(list);
	}
	end_news(client);
}

static void drop_offer(struct client_offer *offer)
{
	for (unsigned i = 0; i < offer->count; i++) {
		if (offer->ranges[i].fd >= 0)
			close(offer->ranges[i].fd);
	}
	offer->count = 0;
}

void client_forget(struct client *client)
{
	struct client_events *events = &client->events;

	begin_news(client);
	events->rejoined = false;
	events->msi_count = 0;
	events->intx_changed |= events->intx;
	events->intx = false;
	memset(events->members, 0, sizeof(events->members));
	for (unsigned window = 0; window < IDTNTB_WINDOWS; window++) {
		events->windows[window].changed |= events->windows[window].readable;
		events->windows[window].readable = false;
	}
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++) {
		drop_offer(&events->offers[slot]);
		events->offers[slot].owner = 0;
		events->offers[slot].changed = true;
	}
	end_news(client);
}

/* ---------------------------------------------------------------- answers, and our RAM */

static bool on_data(struct client *client, const void *body, bool owner)
{
	const struct wire_data *frame = body;

	(void)owner;
	/* Of a question that nobody waits for any more: it tells that the daemon answers, and no more. */
	if (frame->tag != client->answer.tag || client->answer.done)
		return true;
	memcpy(client->answer.data, frame + 1, frame->size);
	client->answer.size = frame->size;
	client->answer.done = true;
	return true;
}

static bool on_ram_write(struct client *client, const void *body, bool owner)
{
	const struct wire_ram_write *frame = body;
	struct ntb_ram *ram = &client->a->ram;
	bool mine;

	pthread_mutex_lock(&ram->lock);
	mine = owner || ntb_ram_direct(ram, frame->address, frame->size);
	if (mine)
		ntb_ram_write(ram, frame->address, frame + 1, frame->size);
	pthread_mutex_unlock(&ram->lock);
	return mine;
}

static bool on_ram_read(struct client *client, const void *body, bool owner)
{
	const struct wire_ram_read *frame = body;
	struct ntb_ram *ram = &client->a->ram;
	struct wire_ram_answer *answer;
	uint8_t data[WIRE_DATA];
	bool mine, done;

	if (frame->size > sizeof(data)) {
		client_lose(client, "the daemon reads %u bytes at once", frame->size);
		return true;
	}
	pthread_mutex_lock(&ram->lock);
	mine = owner || ntb_ram_direct(ram, frame->address, frame->size);
	done = mine && ntb_ram_read(ram, frame->address, data, frame->size);
	pthread_mutex_unlock(&ram->lock);
	if (!mine)
		return false;
	if (!client_send_begin(client, CLIENT_REJOINED))
		return true;
	answer = client_add(client, WIRE_RAM_ANSWER, done ? frame->size : 0);
	answer->tag = frame->tag;
	answer->done = done;
	if (done) {
		answer->size = frame->size;
		memcpy(answer + 1, data, frame->size);
	}
	client_send_end(client, client->caller_reads ? CLIENT_SEND_ASK : CLIENT_SEND_NOW);
	return true;
}

static bool on_ping(struct client *client, const void *body, bool owner)
{
	(void)body;
	(void)owner;
	if (client_send_begin(client, CLIENT_REJOINED)) {
		client_add(client, WIRE_PONG, 0);
		client_send_end(client, client->caller_reads ? CLIENT_SEND_ASK : CLIENT_SEND_NOW);
	}
	return true;
}

/* ---------------------------------------------------------------- news */

static bool on_msi(struct client *client, const void *body, bool owner)
{
	const struct wire_msi *frame = body;
	struct client_events *events = &client->events;
	unsigned i = 0;

	(void)owner;
	begin_news(client);
	/* One that is on its way says all that a second could. */
	while (i < events->msi_count &&
	       (events->msis[i].address != frame->address || events->msis[i].data != frame->data))
		i++;
	if (i == events->msi_count && i < CLIENT_MSIS)
		events->msis[events->msi_count++] = *frame;
	end_news(client);
	return true;
}

static bool on_intx(struct client *client, const void *body, bool owner)
{
	const struct wire_switch *frame = body;

	(void)owner;
	begin_news(client);
	client->events.intx = frame->on;
	client->events.intx_changed = true;
	end_news(client);
	return true;
}

static bool on_window(struct client *client, const void *body, bool owner)
{
	const struct wire_window *frame = body;

	(void)owner;
	if (frame->window >= IDTNTB_WINDOWS || frame->slot >= IDTNTB_PORTS) {
		client_lose(client, "the daemon speaks of window %u and port index %u", frame->window, frame->slot);
		return true;
	}
	begin_news(client);
	client->events.windows[frame->window] = (struct client_window){
		.readable = frame->readable,
		.changed = true,
		.slot = frame->slot,
		.address = frame->address,
		.length = frame->length,
	};
	end_news(client);
	return true;
}

static bool on_peer(struct client *client, const void *body, bool owner)
{
	const struct wire_peer *frame = body;

	(void)owner;
	if (frame->slot >= IDTNTB_PORTS) {
		client_lose(client, "the daemon speaks of port index %u", frame->slot);
		return true;
	}
	begin_news(client);
	client->events.members[frame->slot] = (struct idtntb_member){
		.owner = frame->owner,
		.generation = frame->generation,
		.up = frame->up,
		.forced_down = frame->forced_down,
	};
	end_news(client);
	return true;
}

static bool on_offered(struct client *client, const void *body, bool owner)
{
	const struct wire_offer *frame = body;
	struct client_offer *offer;
	int fds[WIRE_RANGES];

	(void)owner;
	if (frame->slot >= IDTNTB_PORTS || !ntb_inbox_take_fds(&client->inbox, fds, frame->count)) {
		client_lose(client, "the daemon offers %u ranges of port index %u with less descriptors", frame->count,
			    frame->slot);
		return true;
	}
	begin_news(client);
	offer = &client->events.offers[frame->slot];
	drop_offer(offer);
	offer->changed = true;
	offer->owner = frame->owner;
	offer->count = frame->count;
	for (unsigned i = 0; i < frame->count; i++)
		offer->ranges[i] = (struct idtntb_ram_range){
			.address = frame->ranges[i].address,
			.size = frame->ranges[i].size,
			.fd_offset = frame->ranges[i].fd_offset,
			.fd = fds[i],
		};
	end_news(client);
	return true;
}

static bool on_log(struct client *client, const void *body, bool owner)
{
	const struct wire_log *frame = body;
	char line[WIRE_TEXT + 1];

	(void)owner;
	client_line(client, frame->level <= IDTNTB_LOG_TRACE ? (int)frame->level : IDTNTB_LOG_INFO, "%s",
		    ntb_talk_line(line, frame + 1, frame->size));
	return true;
}

static bool on_guest_error(struct client *client, const void *body, bool owner)
{
	const struct wire_text *frame = body;
	char line[WIRE_TEXT + 1];

	(void)owner;
	client_line(client, -1, "%s", ntb_talk_line(line, frame + 1, frame->size));
	return true;
}

static bool on_bye(struct client *client, const void *body, bool owner)
{
	const struct wire_text *frame = body;
	char line[WIRE_TEXT + 1];

	(void)owner;
	client_lose(client, "the daemon hangs up: %s", ntb_talk_line(line, frame + 1, frame->size));
	return true;
}

static bool (*const handlers[WIRE_TYPES])(struct client *client, const void *body, bool owner) = {
	[WIRE_DATA_FRAME] = on_data,         [WIRE_MSI] = on_msi,           [WIRE_INTX] = on_intx,
	[WIRE_WINDOW] = on_window,           [WIRE_PEER] = on_peer,         [WIRE_OFFERED] = on_offered,
	[WIRE_RAM_WRITE] = on_ram_write,     [WIRE_RAM_READ] = on_ram_read, [WIRE_LOG] = on_log,
	[WIRE_GUEST_ERROR] = on_guest_error, [WIRE_PING] = on_ping,         [WIRE_BYE] = on_bye,
};

bool client_carry_out(struct client *client, const struct wire_frame *frame, bool owner)
{
	/* WELCOME and ATTACHED have been taken when the connection was made. */
	if (handlers[frame->type])
		return handlers[frame->type](client, ntb_wire_body(frame), owner);
	client_lose(client, "the daemon sends a frame %s out of turn", ntb_wire_kind(frame->type)->name);
	return true;
}
