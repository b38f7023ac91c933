/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ivshmem protocol version 0, the server's side, as QEMU's docs/specs/ivshmem-spec has it and in the order of its
 * contrib/ivshmem-server: messages are 8-byte little-endian integers, some with one descriptor.
 *
 * What a client costs is bounded. What it was not yet told of another one is taken out of its queue when that one
 * leaves, so the queue never holds more than the arrivals of those who are here and the departures of those it knows.
 * A client that takes nothing while SLOW others come or go is dropped.
 */
#include "server.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#define PROTOCOL_VERSION 0
#define SLOW 64
/* The kernel's buffer: unread messages keep descriptors in flight, of which it allows a user only so many. */
#define SEND_BUFFER (32 * 1024)
#define EVENTS (EPOLLIN | EPOLLRDHUP)

static const char closed[] = "it closed its socket";

struct message {
	int64_t word;
	int fd; /* borrowed, or -1 */
	const struct client *arrival; /* whose descriptor it is */
};

struct client {
	struct source source;
	struct clients *all;
	struct client *next;
	const char *doomed; /* why it is to be dropped, or NULL */
	unsigned missed; /* arrivals and departures since its socket last took a message */
	unsigned head, queued, capacity;
	size_t sent; /* bytes of the first message that are out */
	struct message *queue;
	uint16_t id;
	int memory;
	int bells[SERVER_VECTORS];
};

static struct message *queued(struct client *client, unsigned i)
{
	return &client->queue[(client->head + i) % client->capacity];
}

static void push(struct client *client, int64_t word, int fd, const struct client *arrival)
{
	if (client->queued == client->capacity) {
		client->doomed = "its queue is full";
		return;
	}
	client->queued++;
	*queued(client, client->queued - 1) = (struct message){ word, fd, arrival };
}

/* @return whether the whole message is out. */
static bool send_first(struct client *client)
{
	struct message *first = queued(client, 0);
	int64_t word = (int64_t)htole64((uint64_t)first->word);
	struct iovec data = { (char *)&word + client->sent, sizeof(word) - client->sent };
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	struct msghdr message = { .msg_iov = &data, .msg_iovlen = 1 };
	ssize_t n;

	/* The descriptor goes with the first byte. */
	if (first->fd >= 0 && !client->sent) {
		struct cmsghdr *header;

		message.msg_control = control.space;
		message.msg_controllen = sizeof(control.space);
		header = CMSG_FIRSTHDR(&message);
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(header), &first->fd, sizeof(int));
	}
	n = sendmsg(client->source.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0) {
		if (errno == EPIPE || errno == ECONNRESET)
			client->doomed = closed;
		else if (errno != EAGAIN && errno != EINTR)
			client->doomed = strerrordesc_np(errno);
		return false;
	}
	client->missed = 0;
	client->sent += (size_t)n;
	return client->sent == sizeof(word);
}

static void flush(struct client *client)
{
	while (client->queued && !client->doomed && send_first(client)) {
		client->head = (client->head + 1) % client->capacity;
		client->queued--;
		client->sent = 0;
	}
	if (!client->doomed)
		loop_change(client->all->loop, &client->source, client->queued ? EVENTS | EPOLLOUT : EVENTS);
}

/* Tell a client what has been queued, and notice one that does not listen. */
static void notify(struct client *client)
{
	client->missed++;
	flush(client);
	if (client->queued && client->missed > SLOW && !client->doomed)
		client->doomed = "it does not read";
}

static void push_arrival(struct client *to, const struct client *of)
{
	for (unsigned v = 0; v < to->all->vectors; v++)
		push(to, of->id, of->bells[v], of);
}

/* Forget what was not yet said about a client; what was begun ends with a departure. */
static void push_departure(struct client *to, const struct client *of)
{
	unsigned kept = 0, unsaid = 0;

	for (unsigned i = 0; i < to->queued; i++) {
		struct message message = *queued(to, i);

		if (message.arrival == of && (i || !to->sent)) {
			unsaid++;
			continue;
		}
		if (message.arrival == of)
			message.arrival = NULL; /* its descriptor is out already */
		*queued(to, kept++) = message;
	}
	to->queued = kept;
	if (unsaid < to->all->vectors)
		push(to, of->id, -1, NULL);
}

static void client_free(struct client *client)
{
	for (unsigned v = 0; v < client->all->vectors; v++)
		close(client->bells[v]);
	close(client->memory);
	free(client->queue);
	free(client);
}

static void drop(struct client *client)
{
	struct clients *all = client->all;
	struct client **link = &all->first;

	while (*link != client)
		link = &(*link)->next;
	*link = client->next;
	all->count--;
	loop_remove(all->loop, &client->source);
	for (struct client *other = all->first; other; other = other->next) {
		push_departure(other, client);
		notify(other);
	}
	client_free(client);
}

/* Dropping one may doom others. */
static void drop_doomed(struct clients *all)
{
	struct client *client = all->first;

	while (client) {
		if (!client->doomed) {
			client = client->next;
			continue;
		}
		if (all->verbose || (client->doomed != closed && worth_a_line(&all->dropped)))
			say("client %u is gone: %s", client->id, client->doomed);
		drop(client);
		client = all->first;
	}
}

static void client_ready(struct source *source, uint32_t events)
{
	struct client *client = container_of(source, struct client, source);
	struct clients *all = client->all;

	if (events & (EPOLLHUP | EPOLLRDHUP | EPOLLERR))
		client->doomed = closed;
	else if (events & EPOLLIN)
		client->doomed = "it wrote to the socket, which clients never do";
	else
		flush(client);
	drop_doomed(all);
}

/* As contrib/ivshmem-server does, ids rise before they are used again. There are fewer clients than ids. */
static uint16_t free_id(struct clients *all)
{
	for (;;) {
		uint16_t id = all->next_id++;
		const struct client *client = all->first;

		while (client && client->id != id)
			client = client->next;
		if (!client)
			return id;
	}
}

/* @return NULL with errno. */
static struct client *client_new(struct clients *all, int fd)
{
	struct client *client = calloc(1, sizeof(*client));
	unsigned v = 0;

	if (!client)
		return NULL;
	client->all = all;
	client->source.fd = fd;
	client->source.ready = client_ready;
	/* Version, id, memory; everybody's arrival; everybody's departure. */
	client->capacity = 3 + SERVER_CLIENTS * all->vectors + SERVER_CLIENTS;
	client->queue = calloc(client->capacity, sizeof(*client->queue));
	client->memory = memory_open_again(all->memory);
	if (!client->queue || client->memory < 0)
		goto fail;
	for (; v < all->vectors; v++) {
		client->bells[v] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (client->bells[v] < 0)
			goto fail;
	}
	if (loop_add(all->loop, &client->source, EVENTS))
		goto fail;
	return client;
fail:
	while (v--)
		close(client->bells[v]);
	if (client->memory >= 0)
		close(client->memory);
	free(client->queue);
	free(client);
	return NULL;
}

void clients_accepted(void *opaque, int fd)
{
	struct clients *all = opaque;
	struct client *client = all->count < SERVER_CLIENTS ? client_new(all, fd) : NULL;
	const int buffer = SEND_BUFFER;
	struct client **last;

	if (!client) {
		if (worth_a_line(&all->refused))
			say("a client was refused: %s",
			    all->count < SERVER_CLIENTS ? strerrordesc_np(errno) : "there are 64 already, the most");
		close(fd);
		return;
	}
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	client->id = free_id(all);
	push(client, PROTOCOL_VERSION, -1, NULL);
	push(client, client->id, -1, NULL);
	push(client, -1, client->memory, NULL);
	for (last = &all->first; *last; last = &(*last)->next) {
		push_arrival(*last, client);
		notify(*last);
		push_arrival(client, *last);
	}
	push_arrival(client, client);
	*last = client;
	all->count++;
	if (all->verbose) {
		struct ucred who = { 0 };
		socklen_t size = sizeof(who);

		getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size);
		say("client %u: process %d", client->id, (int)who.pid);
	}
	notify(client);
	drop_doomed(all);
}

void clients_close(struct clients *all)
{
	/* Whoever is left learns of the end from its socket, not that all others have gone. */
	while (all->first) {
		struct client *client = all->first;

		all->first = client->next;
		loop_remove(all->loop, &client->source);
		client_free(client);
	}
	all->count = 0;
}
