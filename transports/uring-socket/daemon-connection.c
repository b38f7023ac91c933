/* SPDX-License-Identifier: BSD-3-Clause */
/* A client's connection, from its accept to its end. */
#include "daemon.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FRAMES 32 /* of one client that are carried out before others are heard again */

void connection_doom(struct connection *c, const char *format, ...)
{
	va_list list;

	if (c->doom[0])
		return;
	va_start(list, format);
	vsnprintf(c->doom, sizeof(c->doom), format, list);
	va_end(list);
}

void connection_filled(struct connection *c)
{
	if (c->port && (ntb_outbox_size(&c->outbox) > QUEUE_HIGH || c->outbox.fd_count > QUEUE_HIGH_FDS))
		c->daemon->filled |= 1u << c->slot;
}

void *connection_add(struct connection *c, enum wire_type type, size_t extra)
{
	void *body = NULL;

	if (c->state != CLOSING && !c->doom[0]) {
		body = ntb_outbox_add(&c->outbox, type, extra);
		if (!body)
			connection_doom(c, "it does not read: %zu bytes wait for it", ntb_outbox_size(&c->outbox));
		connection_filled(c);
	}
	return body ? body : memset(c->daemon->scratch, 0, sizeof(c->daemon->scratch));
}

/* What anybody can bring about as often as he likes: the first lines, then every 100th. */
__attribute__((format(printf, 1, 2))) static void say_some(const char *format, ...)
{
	static unsigned long count;
	char line[256];
	va_list list;

	if (++count > 20 && count % 100)
		return;
	va_start(list, format);
	vsnprintf(line, sizeof(line), format, list);
	va_end(list);
	say("%s", line);
}

/* ---------------------------------------------------------------- coming */

static void name_it(struct connection *c)
{
	static unsigned long number;
	struct ucred who;
	socklen_t size = sizeof(who);
	struct sockaddr_storage peer;
	char host[40] = "?", port[8] = "?";

	number++;
	if (c->local) {
		if (getsockopt(c->fd, SOL_SOCKET, SO_PEERCRED, &who, &size))
			who.pid = 0;
		snprintf(c->name, sizeof(c->name), "client %lu (process %d)", number, who.pid);
		return;
	}
	size = sizeof(peer);
	if (!getpeername(c->fd, (struct sockaddr *)&peer, &size))
		getnameinfo((struct sockaddr *)&peer, size, host, sizeof(host), port, sizeof(port),
			    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(c->name, sizeof(c->name), "client %lu (%s port %s)", number, host, port);
}

static bool admitted(const struct daemon *daemon, int fd)
{
	const struct daemon_options *options = daemon->options;
	struct ucred who;
	socklen_t size = sizeof(who);

	if (options->address.tcp || !options->user_given)
		return true;
	return !getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) && (!who.uid || who.uid == options->user);
}

/* All places are taken: whoever has been there longest without a port makes room when it has gone. */
static void evict(struct daemon *daemon)
{
	struct connection *oldest = NULL;

	for (unsigned i = 0; i < daemon->connection_count; i++) {
		struct connection *c = daemon->connections[i];

		if (!c->port && !c->doom[0] && (!oldest || c->heard < oldest->heard))
			oldest = c;
	}
	if (oldest)
		connection_doom(oldest, "its place is wanted");
}

void connection_accepted(struct daemon *daemon, int fd)
{
	const bool welcome = admitted(daemon, fd);
	struct connection *c = NULL;

	if (welcome && daemon->connection_count >= CONNECTIONS)
		evict(daemon);
	if (!welcome)
		say_some("a client is refused: it is of another user than --user names");
	else if (daemon->connection_count == CONNECTIONS_MOST)
		say_some("a client is refused: there are too many already");
	else
		c = calloc(1, sizeof(*c));
	if (!c || ntb_inbox_init(&c->inbox)) {
		free(c);
		close(fd);
		return;
	}
	c->daemon = daemon;
	c->fd = fd;
	c->local = !daemon->options->address.tcp;
	c->receiving.done = stream_received;
	c->sending.done = stream_sent;
	c->heard = c->moved = daemon->now;
	ntb_outbox_init(&c->outbox, QUEUE_LIMIT);
	name_it(c);
	if (!c->local)
		ntb_address_tune(fd);
	daemon->connections[daemon->connection_count++] = c;
	if (daemon->options->verbose)
		say("%s connects", c->name);
}

/* ---------------------------------------------------------------- going */

static void destroy(struct connection *c)
{
	close(c->fd);
	ntb_inbox_destroy(&c->inbox);
	ntb_outbox_destroy(&c->outbox);
	free(c->upload);
	free(c);
}

/* The last words, as far as they go without waiting. */
static void say_bye(struct connection *c)
{
	struct iovec bytes;
	struct ntb_mark *mark;

	if (c->sending.busy)
		return;
	ntb_outbox_add_text(&c->outbox, WIRE_BYE, 0, c->doom);
	while (ntb_outbox_next(&c->outbox, &bytes, &mark) && !mark) {
		ssize_t size = send(c->fd, bytes.iov_base, bytes.iov_len, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (size <= 0)
			return;
		ntb_outbox_sent(&c->outbox, (size_t)size);
	}
}

static void hang_up(struct connection *c)
{
	if (c->daemon->options->verbose)
		say("%s%s: %s", c->name, c->port ? ", which has a port" : "", c->doom);
	else if (strcmp(c->doom, stream_hung_up))
		say_some("%s%s: %s", c->name, c->port ? ", which has a port" : "", c->doom);
	port_detach(c);
	say_bye(c);
	c->state = CLOSING;
	/* What the kernel still has in hand for it ends now; the rest is done when it has. */
	shutdown(c->fd, SHUT_RDWR);
}

/* ---------------------------------------------------------------- turns */

/* Whether one of those for whom it waits has still a long queue. */
static bool held_back(struct connection *c)
{
	for (uint32_t slots = c->waits_for; slots; slots &= slots - 1) {
		const unsigned slot = (unsigned)__builtin_ctz(slots);
		const struct connection *target = c->daemon->holders[slot];

		if (!target || target->doom[0] ||
		    (ntb_outbox_size(&target->outbox) <= QUEUE_LOW && target->outbox.fd_count <= QUEUE_LOW_FDS))
			c->waits_for &= ~(1u << slot);
	}
	return c->waits_for;
}

/* Whether the next frame may be looked at: not while it, or what it fills, has a long queue. */
static bool may_go_on(struct connection *c)
{
	return !c->doom[0] && c->state != CLOSING && ntb_outbox_size(&c->outbox) <= QUEUE_HIGH && !held_back(c);
}

static void look_at_frames(struct connection *c)
{
	const struct wire_frame *frame;
	struct idtntb_error error;
	unsigned left = FRAMES;
	int ret;

	while (left && may_go_on(c) && (ret = ntb_inbox_next(&c->inbox, false, &frame, &error))) {
		c->daemon->filled = 0;
		if (ret < 0)
			connection_doom(c, "%s", error.text);
		else
			request_carry_out(c, frame);
		ports_settle(c->daemon);
		c->waits_for |= c->daemon->filled & ~(c->port ? 1u << c->slot : 0);
		left--;
	}
	if (!left)
		c->daemon->more = true;
}

/* Returns whether any was. */
static bool hang_up_doomed(struct daemon *daemon)
{
	bool any = false;

	for (unsigned i = 0; i < daemon->connection_count; i++) {
		struct connection *c = daemon->connections[i];

		if (!c->doom[0] || c->state == CLOSING)
			continue;
		hang_up(c);
		ports_settle(daemon);
		any = true;
	}
	return any;
}

/* Carry out what there is, and send what it makes. */
static void carry_out_and_send(struct daemon *daemon)
{
	/* One who goes may doom another that has no room for the news, or let go on who waits for it. */
	do {
		for (unsigned i = 0; i < daemon->connection_count; i++)
			look_at_frames(daemon->connections[i]);
	} while (hang_up_doomed(daemon));
	for (unsigned i = 0; i < daemon->connection_count; i++) {
		struct connection *c = daemon->connections[i];

		if (c->state != CLOSING && !c->sending.busy)
			stream_send(c);
	}
}

void connections_advance(struct daemon *daemon)
{
	daemon->more = false;
	carry_out_and_send(daemon);
	for (unsigned i = 0; i < daemon->connection_count; i++) {
		struct connection *c = daemon->connections[i];

		if (c->state == CLOSING && !c->sending.busy && !c->receiving.busy) {
			daemon->connections[i--] = daemon->connections[--daemon->connection_count];
			destroy(c);
		} else if (c->state != CLOSING && !c->receiving.busy &&
			   (c->inbox.fd_count <= BOX_FDS || may_go_on(c))) {
			/* Also of one that is held back, into what is free: so that its end is noticed. */
			stream_receive(c);
		}
	}
}

void connections_tick(struct daemon *daemon)
{
	const int64_t silence = daemon->options->silence * SECOND;

	for (unsigned i = 0; i < daemon->connection_count; i++) {
		struct connection *c = daemon->connections[i];

		if (c->state == CLOSING)
			continue;
		/* Who is held back cannot be heard; whoever holds it back is looked after below. */
		if (daemon->now - c->heard > silence && c->receiving.busy)
			connection_doom(c,
					c->state == ATTACHED ? "no sign of life for %u seconds"
							     : "it has not attached in %u seconds",
					daemon->options->silence);
		if (ntb_outbox_size(&c->outbox) && daemon->now - c->moved > silence)
			connection_doom(c, "it has read nothing for %u seconds", daemon->options->silence);
		if (c->state == ATTACHED)
			connection_add(c, WIRE_PING, 0);
	}
}

void connections_close(struct daemon *daemon)
{
	for (unsigned i = 0; i < daemon->connection_count; i++) {
		struct connection *c = daemon->connections[i];

		connection_doom(c, "the daemon ends");
		if (c->state != CLOSING)
			hang_up(c);
	}
}
