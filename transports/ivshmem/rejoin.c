/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The server: its messages, its loss, its return. Nothing that guests do goes through it, so without it everything goes on
 * but for newcomers. A server that comes back with the memory we are in is taken up where the last one left; one with
 * other memory (a stock server with -m makes it anew) is followed there, with the state of the switch.
 */
#include "ivshmem.h"

#include "../common/error.h"
#include "../common/futex.h"
#include "../common/lock.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define HANDSHAKE_TIME (5000 * NTB_MS)
#define MESSAGES 64 /* taken at once: a server that floods us must not keep a VMM's main loop */

void ntb_server_lost(struct idtntb_attachment *a, const struct idtntb_error *why)
{
	struct ivshmem *iv = ivshmem_of(a);

	/* The same line each second helps nobody. */
	if (strcmp(iv->complaint.text, why->text))
		ntb_log(a, IDTNTB_LOG_WARNING, "%s; going on without it, and trying to reach it again each second",
			why->text);
	iv->complaint = *why;
	iv->rejoined = false;
	iv->ram_at = 0;
	ntb_client_disconnect(&iv->client);
	ntb_bells_remember(a);
	ntb_peers_clear(&iv->peers);
	ntb_memory_drop(&iv->arrived);
	if (iv->own_bell >= 0)
		close(iv->own_bell);
	iv->own_bell = -1;
}

/* Somebody new can be reached: catch up on what it has missed. */
static int peer_vector(struct idtntb_attachment *a, const struct ntb_client_message *message,
		       struct idtntb_error *error)
{
	struct ivshmem *iv = ivshmem_of(a);
	int ret = ntb_peers_vector(&iv->peers, message->id, message->fd, error);

	if (!ret && iv->joined)
		ntb_bells_kick_missed(a);
	return ret;
}

/* Whether a block is as it was made: nobody has ever taken a port. The lock for joining is held, so nobody does now. */
static bool untouched(const struct idtntb_switch *sw, const struct ntb_memory *memory)
{
	const struct idtntb_topology *topology = idtntb_switch_topology(sw);

	for (unsigned slot = 0; slot < topology->port_count; slot++) {
		struct idtntb_member member;

		if (idtntb_switch_member(sw, topology->ports[slot].port, &member) || member.owner ||
		    member.generation || !ntb_lock_free(memory->fd, NTB_LOCK_SLOT(slot)))
			return false;
	}
	return true;
}

/* Make the memory of the new server hold our switch, and open it. */
static int prepare(struct idtntb_attachment *a, struct ntb_memory *to, struct idtntb_switch **sw,
		   struct idtntb_error *error)
{
	bool load = !idtntb_block_ready(to->base, to->size);
	int ret;

	*sw = NULL;
	if (!load) {
		ret = ntb_open_switch(sw, to->base, to->size, error);
		if (!ret)
			ret = idtntb_topology_compare(idtntb_switch_topology(a->sw), idtntb_switch_topology(*sw),
						      error);
		if (ret)
			return ret;
		load = untouched(*sw, to);
	}
	if (!load)
		return 0;
	/* The first to arrive brings along what all guests have set up together. */
	idtntb_switch_close(*sw);
	*sw = NULL;
	ret = ntb_memory_load(to, a->sw, error);
	return ret ? ret : ntb_open_switch(sw, to->base, to->size, error);
}

/* Move to the memory of the new server. */
static int move(struct idtntb_attachment *a, struct idtntb_error *error)
{
	struct ivshmem *iv = ivshmem_of(a);
	struct ntb_memory *to = &iv->arrived;
	struct idtntb_switch *sw = NULL;
	int ret = ntb_lock_try(to->fd, NTB_LOCK_JOIN);

	if (ret)
		return ntb_fail(error, ret, "the server's new memory is being set up by somebody else");
	ret = prepare(a, to, &sw, error);
	if (!ret && ntb_lock_try(to->fd, NTB_LOCK_SLOT(a->slot)))
		ret = ntb_fail(error, -EBUSY, "port %u is taken in the server's new memory", a->port_number);
	if (!ret)
		ret = ntb_attachment_move(a, sw, to->base, to->size, error);
	ntb_lock_drop(to->fd, NTB_LOCK_JOIN);
	if (ret) {
		idtntb_switch_close(sw);
		return ret;
	}
	ntb_memory_drop(&iv->memory);
	iv->memory = *to;
	ntb_memory_init(to);
	ntb_log(a, IDTNTB_LOG_WARNING, "the ivshmem server came back with other memory; the switch has moved there");
	return 0;
}

/* The handshake with a returned server is complete. */
static int rejoin(struct idtntb_attachment *a, struct idtntb_error *error)
{
	struct ivshmem *iv = ivshmem_of(a);
	const int bell = iv->own_bell;
	int ret = 0;

	if (!ntb_memory_same(&iv->arrived, &iv->memory))
		ret = move(a, error);
	if (ret)
		return ret;
	ntb_memory_drop(&iv->arrived);
	iv->own_bell = -1;
	ret = ntb_bells_add(a, bell);
	if (ret)
		return ntb_fail(error, ret, "the ivshmem server's vector for us is of no use: %s",
				ret == -EPROTO ? "it is no eventfd" : strerror(-ret));
	iv->rejoined = true;
	iv->connect_at = 0;
	iv->complaint.text[0] = '\0';
	iv->ram_tries = RAM_TRIES;
	ntb_log(a, IDTNTB_LOG_INFO, "the ivshmem server is back");
	ntb_liveness_sweep(a, UINT32_MAX);
	ntb_bells_kick(a, UINT32_MAX);
	ntb_ram_socket_connect(a);
	return 0;
}

static int handshake_input(struct idtntb_attachment *a, struct idtntb_error *error)
{
	struct ivshmem *iv = ivshmem_of(a);
	struct ntb_greeting greeting = { -1, iv->own_bell };
	int ret = ntb_greeting_take(&greeting, &iv->client, &iv->peers, error);

	iv->own_bell = greeting.bell;
	if (greeting.memory >= 0) {
		int adopted = ntb_memory_adopt(&iv->arrived, greeting.memory, ret < 0 ? NULL : error);

		if (ret >= 0 && adopted)
			ret = adopted;
	}
	return ret == 1 ? rejoin(a, error) : ret;
}

static int peers_input(struct idtntb_attachment *a, struct idtntb_error *error)
{
	struct ivshmem *iv = ivshmem_of(a);
	struct ntb_client_message message;

	for (unsigned i = 0; i < MESSAGES; i++) {
		int ret = ntb_client_next(&iv->client, &message, error);

		if (ret <= 0)
			return ret;
		if (message.kind == NTB_CLIENT_PEER_VECTOR) {
			ret = peer_vector(a, &message, error);
		} else if (message.kind == NTB_CLIENT_PEER_GONE) {
			/* It may be the server that has dropped it: then it lives, and is to be reached. */
			ntb_bells_remember(a);
			ntb_liveness_suspect(a, ntb_peers_gone(&iv->peers, message.id));
		}
		if (ret < 0)
			return ret;
	}
	return 0;
}

void ntb_server_input(struct idtntb_attachment *a)
{
	struct ivshmem *iv = ivshmem_of(a);
	struct idtntb_error error = { "" };
	int ret;

	if (iv->client.fd < 0)
		return;
	ret = iv->rejoined ? peers_input(a, &error) : handshake_input(a, &error);
	if (ret < 0)
		ntb_server_lost(a, &error);
}

/* Each second while there is no server. */
void ntb_server_connect(struct idtntb_attachment *a)
{
	struct ivshmem *iv = ivshmem_of(a);
	struct idtntb_error error;

	if (iv->client.fd >= 0) {
		if (ntb_now() >= iv->handshake_until) {
			ntb_fail(&error, -ETIMEDOUT, "the ivshmem server does not complete its greeting");
			ntb_server_lost(a, &error);
		}
		return;
	}
	if (ntb_client_connect(&iv->client, iv->path))
		return;
	iv->handshake_until = ntb_now() + HANDSHAKE_TIME;
	if (ntb_watch(a, iv->client.fd, EPOLLIN | EPOLLRDHUP, TAG_SERVER)) {
		ntb_client_disconnect(&iv->client);
		return;
	}
	ntb_server_input(a);
}
