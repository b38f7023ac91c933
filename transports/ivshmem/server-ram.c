/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The second socket: each port's owner offers its guest's RAM, all others are told (ram-protocol.h).
 *
 * There is no queue: what a connection has still to be told is one bit per slot, and it is told the newest offer of
 * that slot when its socket has room. So one that does not read holds up nobody and costs nothing.
 */
#include "server.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define UNBOUND IDTNTB_PORTS

struct ram_connection {
	struct source source;
	struct ram_relay *relay;
	struct ram_connection *next;
	unsigned slot; /* UNBOUND before its first offer */
	uint32_t untold; /* slots, as bits */
};

static void wait_for(struct ram_connection *connection)
{
	loop_change(connection->relay->loop, &connection->source,
		    EPOLLIN | EPOLLRDHUP | (connection->untold ? EPOLLOUT : 0));
}

/* @return why the connection is of no use any more, or NULL. */
static const char *tell(struct ram_connection *connection)
{
	for (unsigned slot = 0; slot < connection->relay->slots; slot++) {
		const struct ram_offer *offer = &connection->relay->offers[slot];
		int error;

		if (!(connection->untold & 1u << slot))
			continue;
		error = ram_send(connection->source.fd, &offer->message, offer->fds);
		/* Later; or its end is there to be handled next. */
		if (error == -EAGAIN || error == -EINTR || error == -EPIPE || error == -ECONNRESET)
			break;
		if (error)
			return strerrordesc_np(-error);
		connection->untold &= ~(1u << slot);
	}
	wait_for(connection);
	return NULL;
}

/* The offer of a slot has changed. Sending is left to the loop: a connection that breaks then breaks on its own. */
static void announce(struct ram_relay *relay, unsigned slot)
{
	for (struct ram_connection *other = relay->first; other; other = other->next) {
		if (other->slot == UNBOUND || other->slot == slot)
			continue;
		other->untold |= 1u << slot;
		wait_for(other);
	}
}

static void forget(struct ram_offer *offer)
{
	for (unsigned r = 0; r < offer->message.count; r++)
		close(offer->fds[r]);
	offer->message.count = 0;
}

static void end(struct ram_connection *connection, const char *why)
{
	struct ram_relay *relay = connection->relay;
	struct ram_connection **link = &relay->first;
	unsigned slot = connection->slot;

	if (why && (relay->verbose || worth_a_line(&relay->refused)))
		say("a connection for guest RAM was closed: %s", why);
	while (*link != connection)
		link = &(*link)->next;
	*link = connection->next;
	relay->count--;
	loop_remove(relay->loop, &connection->source);
	free(connection);
	if (slot != UNBOUND) {
		forget(&relay->offers[slot]);
		relay->offers[slot].from = NULL;
		announce(relay, slot);
		if (relay->verbose)
			say("slot %u: guest RAM withdrawn", slot);
	}
}

static bool hung_up(const struct ram_connection *connection)
{
	struct pollfd state = { .fd = connection->source.fd, .events = POLLRDHUP };

	return poll(&state, 1, 0) > 0 && state.revents & (POLLHUP | POLLRDHUP | POLLERR);
}

/* @return why a connection may not offer for a slot, or NULL: it is bound to it then. */
static const char *bind_to(struct ram_connection *connection, unsigned slot)
{
	struct ram_relay *relay = connection->relay;
	struct ram_connection *holder = relay->offers[slot].from;

	if (connection->slot == slot)
		return NULL;
	if (connection->slot != UNBOUND)
		return "it offered for a second slot";
	/* The end of the one before may be waiting in the loop behind this packet. */
	if (holder && !hung_up(holder))
		return "its slot is taken by a connection that is alive";
	if (holder)
		end(holder, NULL);
	connection->slot = slot;
	relay->offers[slot].from = connection;
	for (unsigned other = 0; other < relay->slots; other++) {
		if (other != slot && relay->offers[other].from)
			connection->untold |= 1u << other;
	}
	return NULL;
}

static void take_offer(struct ram_connection *connection)
{
	struct ram_relay *relay = connection->relay;
	struct ram_message message;
	struct ram_offer *offer;
	int fds[RAM_RANGES];
	const char *why;
	int result = ram_receive(connection->source.fd, relay->slots, &message, fds, &why);

	if (result == 0)
		return;
	if (result > 0)
		why = bind_to(connection, message.slot);
	if (result < 0 || why) {
		for (unsigned r = 0; result > 0 && r < message.count; r++)
			close(fds[r]);
		end(connection, why);
		return;
	}
	offer = &relay->offers[message.slot];
	forget(offer);
	offer->message = message;
	memcpy(offer->fds, fds, sizeof(fds[0]) * message.count);
	announce(relay, message.slot);
	wait_for(connection);
	if (relay->verbose)
		say("slot %u: guest RAM offered, %u ranges", message.slot, message.count);
}

static void connection_ready(struct source *source, uint32_t events)
{
	struct ram_connection *connection = container_of(source, struct ram_connection, source);
	const char *why;

	if (events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR)) {
		/* What came before the end is not worth taking: it would be withdrawn at once. */
		end(connection, NULL);
	} else if (events & EPOLLIN) {
		take_offer(connection);
	} else {
		why = tell(connection);
		if (why)
			end(connection, why);
	}
}

void ram_accepted(void *opaque, int fd)
{
	struct ram_relay *relay = opaque;
	struct ram_connection *connection = NULL;

	if (relay->count < SERVER_CLIENTS)
		connection = calloc(1, sizeof(*connection));
	if (!connection) {
		if (worth_a_line(&relay->refused))
			say("a connection for guest RAM was refused: there are %u, the most is 64", relay->count);
		close(fd);
		return;
	}
	connection->relay = relay;
	connection->slot = UNBOUND;
	connection->source.fd = fd;
	connection->source.ready = connection_ready;
	if (loop_add(relay->loop, &connection->source, EPOLLIN | EPOLLRDHUP)) {
		close(fd);
		free(connection);
		return;
	}
	connection->next = relay->first;
	relay->first = connection;
	relay->count++;
}

void ram_close(struct ram_relay *relay)
{
	/* Nobody is told: the RAM is still there, and peers keep what they have until the server is back. */
	while (relay->first)
		end(relay->first, NULL);
}
