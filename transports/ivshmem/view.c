/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looking into a switch as one more client of its server. Such a client learns the owners' eventfds, so it can wake them,
 * and holds no lock: it is nobody to those who ask who holds a port, and neither switch nor memory lives on for it.
 */
#include "ivshmem.h"

#include "../common/claim.h"
#include "../common/error.h"
#include "../common/futex.h"
#include "../common/lock.h"
#include "../common/view.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define OPEN_TIME (5000 * NTB_MS) /* for a server to greet */
#define RETURN_TIME (200 * NTB_MS) /* the same, of a server without which there is no switch */
#define MESSAGES 64

struct watch {
	char path[PATH_SIZE];
	struct ntb_client client; /* of the server that is there, if any */
	bool greeted; /* by it, in full */
	struct ntb_greeting greeting; /* what has come of that until then */
	struct ntb_peers newcomers; /* the same: its clients */
	struct ntb_peers peers; /* of the last server that has greeted: their eventfds outlive it */
	struct ntb_memory memory; /* where the switch is */
	struct ntb_memory arrived; /* other memory, of a new server, in which there is no switch yet */
	struct ntb_kicker kicker;
};

static void lose_server(struct watch *watch)
{
	ntb_client_disconnect(&watch->client);
	ntb_greeting_drop(&watch->greeting);
	ntb_peers_clear(&watch->newcomers);
	watch->greeted = false;
}

/* The greeting is complete: its clients are those who are there now, and its memory is where the switch is, or will be. */
static int welcome(struct watch *watch, struct idtntb_error *error)
{
	struct ntb_memory memory;
	int ret = ntb_memory_adopt(&memory, watch->greeting.memory, error);

	watch->greeting.memory = -1;
	ntb_greeting_drop(&watch->greeting);
	if (ret)
		return ret;
	ntb_peers_clear(&watch->peers);
	watch->peers = watch->newcomers;
	watch->newcomers = (struct ntb_peers){ .list = NULL };
	watch->greeted = true;
	ntb_memory_drop(&watch->arrived);
	if (watch->memory.base && ntb_memory_same(&memory, &watch->memory))
		ntb_memory_drop(&memory);
	else
		watch->arrived = memory;
	return 0;
}

/* Go on with the greeting of a server, waiting at most until the deadline. */
static int greet(struct watch *watch, int64_t deadline, struct idtntb_error *error)
{
	int ret = deadline ? ntb_greeting_wait(&watch->greeting, &watch->client, &watch->newcomers, watch->path,
					       deadline, error)
			   : ntb_greeting_take(&watch->greeting, &watch->client, &watch->newcomers, error);

	if (!deadline && ret <= 0)
		return ret;
	return ret < 0 ? ret : welcome(watch, error);
}

/* Who has come and gone since the last look. */
static int listen_on(struct watch *watch, struct idtntb_error *error)
{
	struct ntb_client_message message;
	int ret;

	for (unsigned i = 0; i < MESSAGES; i++) {
		ret = ntb_client_next(&watch->client, &message, error);
		if (ret <= 0)
			return ret;
		if (message.kind == NTB_CLIENT_PEER_VECTOR)
			ret = ntb_peers_vector(&watch->peers, message.id, message.fd, error);
		else if (message.kind == NTB_CLIENT_PEER_GONE)
			ntb_peers_gone(&watch->peers, message.id);
		if (ret < 0)
			return ret;
	}
	return 0;
}

/* Follow the server, or reach the one that has taken its place. Waits only when there is nothing without it. */
static void follow(struct watch *watch, bool alone)
{
	const int64_t deadline = alone ? ntb_now() + RETURN_TIME : 0;
	struct idtntb_error why;

	if (watch->greeted && listen_on(watch, &why) < 0)
		lose_server(watch);
	if (watch->greeted)
		return;
	if (watch->client.fd < 0 && ntb_client_connect(&watch->client, watch->path))
		return;
	if (greet(watch, deadline, &why) < 0)
		lose_server(watch);
}

/* ---------------------------------------------------------------- the memory */

static int watch_hold(struct idtntb_view *view, void **memory, size_t *size, struct idtntb_error *error)
{
	struct watch *watch = view->state;
	bool held = watch->memory.base && ntb_held(&watch->memory);

	follow(watch, !held);
	if (watch->arrived.base && (!held || idtntb_block_ready(watch->arrived.base, watch->arrived.size))) {
		ntb_view_memory_forget(view);
		ntb_memory_drop(&watch->memory);
		watch->memory = watch->arrived;
		ntb_memory_init(&watch->arrived);
		held = ntb_held(&watch->memory);
	}
	if (!watch->memory.base || (!watch->greeted && !held)) {
		ntb_view_memory_forget(view);
		ntb_memory_drop(&watch->memory);
		return ntb_fail(error, -ENODEV, "the switch of '%s' is gone: no server, and nobody holds a port",
				watch->path);
	}
	*memory = watch->memory.base;
	*size = watch->memory.size;
	return 0;
}

static void watch_release(struct idtntb_view *view)
{
	(void)view; /* nobody can take the memory away */
}

static void watch_kick(struct idtntb_view *view, uint32_t slots)
{
	struct watch *watch = view->state;
	const struct idtntb_topology *topology = idtntb_switch_topology(view->live);
	int fds[NTB_KICK_BATCH];
	unsigned count = 0;

	for (unsigned slot = 0; slot < topology->port_count; slot++) {
		struct idtntb_member member;
		int fd;

		if (!(slots >> slot & 1) || idtntb_switch_member(view->live, topology->ports[slot].port, &member))
			continue;
		fd = member.owner ? ntb_peers_find(&watch->peers, member.bell) : -1;
		if (fd >= 0)
			fds[count++] = fd;
	}
	if (count)
		ntb_kicker_signal(&watch->kicker, fds, count);
}

static int watch_lock(struct idtntb_view *view, struct idtntb_error *error)
{
	return ntb_lock_out(&((struct watch *)view->state)->memory, idtntb_switch_topology(view->live), error);
}

static void watch_unlock(struct idtntb_view *view)
{
	ntb_lock_drop(((struct watch *)view->state)->memory.fd, NTB_LOCK_JOIN);
}

static const struct ntb_view_memory_ops memory_ops = {
	.hold = watch_hold,
	.release = watch_release,
	.kick = watch_kick,
	.lock = watch_lock,
	.unlock = watch_unlock,
};

/* ---------------------------------------------------------------- opening, closing */

static int watch_open(struct idtntb_view *view, const char *where, struct idtntb_error *error)
{
	const int64_t deadline = ntb_now() + OPEN_TIME;
	struct watch *watch = calloc(1, sizeof(*watch));
	int ret;

	if (!watch)
		return ntb_fail(error, -ENOMEM, "no memory for a view");
	view->state = watch;
	ntb_client_init(&watch->client);
	ntb_memory_init(&watch->memory);
	ntb_memory_init(&watch->arrived);
	watch->greeting = NTB_GREETING_NONE;
	watch->kicker.ready = -1;
	ret = ntb_ivshmem_path(watch->path, where, error);
	if (ret)
		return ret;
	ret = ntb_kicker_init(&watch->kicker);
	if (ret)
		return ntb_fail(error, ret, "descriptors of a view: %s", strerror(-ret));
	ret = ntb_greeting_connect(&watch->client, watch->path, deadline, error);
	return ret ? ret : greet(watch, deadline, error);
}

static void watch_close(struct idtntb_view *view)
{
	struct watch *watch = view->state;

	if (!watch)
		return;
	ntb_view_memory_forget(view);
	lose_server(watch);
	ntb_peers_clear(&watch->peers);
	ntb_memory_drop(&watch->memory);
	ntb_memory_drop(&watch->arrived);
	ntb_kicker_destroy(&watch->kicker);
	free(watch);
}

const struct ntb_view_ops ntb_ivshmem_view_ops = {
	.open = watch_open,
	.close = watch_close,
	NTB_VIEW_OF_MEMORY,
	.memory = &memory_ops,
};
