/* SPDX-License-Identifier: BSD-3-Clause */
/* What has come from the daemon, handed to the frontend on its own thread. */
#include "client.h"

#include <string.h>

/* Accesses that only this thread can make hold up what comes after them. */
void client_drain(struct client *client)
{
	if (!atomic_load(&client->stuck) && !client->a->ops.memory_write)
		return;
	client_lock_in(client);
	if (atomic_load(&client->stuck))
		client_look(client, true);
	for (unsigned round = 0; round < CLIENT_ROUNDS && atomic_load(&client->state) != CLIENT_LOST &&
				 client_receive(client, false, true);)
		round++;
	pthread_mutex_unlock(&client->in_lock);
	pthread_mutex_lock(&client->out_lock);
	client_watch(client);
	pthread_mutex_unlock(&client->out_lock);
}

void client_offer(struct client *client)
{
	struct ntb_ram *ram = &client->a->ram;
	struct wire_range ranges[WIRE_RANGES];
	struct wire_offer *offer;
	int fds[WIRE_RANGES];
	unsigned count = 0;

	if (!(atomic_load(&client->capabilities) & WIRE_CAP_RAM) || !client_send_begin(client, CLIENT_UP))
		return;
	/* Only this thread exchanges ranges and their descriptors. */
	for (size_t i = 0; i < ram->count; i++) {
		const struct idtntb_ram_range *range = &ram->ranges[i];

		if (range->fd < 0)
			continue;
		ranges[count] = (struct wire_range){ range->address, range->size, range->fd_offset };
		fds[count++] = range->fd;
	}
	offer = ntb_outbox_add_fds(&client->outbox, WIRE_OFFER, count * sizeof(*ranges), fds, count);
	/* No descriptors are left: windows go by copy. */
	if (!offer)
		offer = client_add(client, WIRE_OFFER, 0);
	else if (count)
		memcpy(offer->ranges, ranges, count * sizeof(*ranges)), offer->count = count;
	client_send_end(client, CLIENT_SEND_NOW);
}

/* The daemon has the port, as after a reset: make it what it was, then tell the guest that links were away. */
static void resume(struct client *client)
{
	struct idtntb_attachment *a = client->a;
	struct idtntb_member self = { 0 };
	int state = CLIENT_REJOINED;

	if (!client_send_begin(client, CLIENT_REJOINED))
		return;
	/* News of a connection before this one, which has been resumed. */
	if (atomic_load(&client->state) != CLIENT_REJOINED) {
		pthread_mutex_unlock(&client->out_lock);
		return;
	}
	client_replay(client);
	client_add(client, WIRE_RESUME, 0);
	idtntb_switch_member(a->sw, a->port_number, &self);
	if (self.up) {
		struct wire_switch *frame = client_add(client, WIRE_LINK, 0);

		frame->on = true;
	}
	client->unanswered = client->no_room = false;
	/* Unless it has been lost again meanwhile. */
	atomic_compare_exchange_strong(&client->state, &state, CLIENT_UP);
	client_send_end(client, CLIENT_SEND_NOW);
	ntb_log(a, IDTNTB_LOG_INFO, "the switch is back");
	client_offer(client);
}

static void hand_offers(struct idtntb_attachment *a, struct client_offer *offers)
{
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++) {
		if (offers[slot].changed)
			ntb_attachment_offer(a, slot, offers[slot].owner, offers[slot].ranges, offers[slot].count);
	}
}

static void hand_lines(struct idtntb_attachment *a, const struct client_events *news)
{
	for (unsigned i = 0; i < news->line_count; i++) {
		const struct client_line *line = &news->lines[i];

		if (line->level >= 0)
			ntb_log(a, (enum idtntb_log_level)line->level, "%s", line->text);
		else if (a->ops.guest_error)
			a->ops.guest_error(a->opaque, line->text);
	}
}

/* Take the news over; what is state stays. */
static void take(struct client *client, struct client_events *news)
{
	struct client_events *events = &client->events;

	pthread_mutex_lock(&client->events_lock);
	*news = *events;
	events->rejoined = events->intx_changed = false;
	events->msi_count = events->line_count = 0;
	for (unsigned window = 0; window < IDTNTB_WINDOWS; window++)
		events->windows[window].changed = false;
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++) {
		events->offers[slot].changed = false;
		events->offers[slot].count = 0; /* the descriptors are ours now */
	}
	pthread_mutex_unlock(&client->events_lock);
}

/* Windows first: what an interrupt announces must go through. */
static void hand(struct client *client, struct client_events *news)
{
	struct idtntb_attachment *a = client->a;

	hand_offers(a, news->offers);
	ntb_windows_check_owners(a);
	for (unsigned window = 0; window < IDTNTB_WINDOWS; window++) {
		if (news->windows[window].changed)
			ntb_windows_update(a, window);
	}
	if (news->rejoined)
		resume(client);
	hand_lines(a, news);
	if (news->intx_changed)
		a->ops.intx(a->opaque, news->intx);
	for (unsigned i = 0; i < news->msi_count; i++)
		a->ops.msi(a->opaque, news->msis[i].address, news->msis[i].data);
}

void client_deliver(struct client *client)
{
	/* A callback of the frontend's may have made an access: the rest is handed on when it has returned. */
	if (client->delivering)
		return;
	client->delivering = true;
	client_drain(client);
	/* What comes meanwhile has woken the frontend again. */
	for (unsigned round = 0; round < CLIENT_ROUNDS && atomic_exchange(&client->pending, false); round++) {
		take(client, &client->news);
		hand(client, &client->news);
	}
	client->delivering = false;
}
