/* SPDX-License-Identifier: BSD-3-Clause */
/* The transport `uring`: a switch in a daemon, uring:unix:PATH or uring:tcp:HOST:PORT. */
#include "client.h"

#include "../common/error.h"
#include "../common/futex.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#define OUT_LIMIT (512u << 10)
#define CONNECT_MS 3000
#define TAKEN_MS 1500 /* how long a port may still be held by a connection that is about to go */

static int make(struct client **made, struct idtntb_attachment *a, struct idtntb_error *error)
{
	struct client *client = calloc(1, sizeof(*client));

	if (!client)
		return ntb_fail(error, -ENOMEM, "no memory for an attachment");
	a->state = client;
	client->a = a;
	client->fd = client->epoll = client->wake = -1;
	pthread_mutex_init(&client->out_lock, NULL);
	pthread_mutex_init(&client->in_lock, NULL);
	pthread_mutex_init(&client->events_lock, NULL);
	ntb_outbox_init(&client->outbox, OUT_LIMIT);
	client->epoll = epoll_create1(EPOLL_CLOEXEC);
	client->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (client->epoll < 0 || client->wake < 0 ||
	    getrandom(&client->identity, sizeof(client->identity), 0) != sizeof(client->identity))
		return ntb_fail(error, -errno, "descriptors of an attachment: %s", strerror(errno));
	*made = client;
	return ntb_inbox_init(&client->inbox) ? ntb_fail(error, -ENOMEM, "no memory for an attachment") : 0;
}

/* A block of the daemon's topology, where the common code looks for one. */
static int make_shadow(struct client *client, const struct wire_welcome *welcome, struct idtntb_error *error)
{
	int ret = ntb_wire_topology_get(&client->topology, welcome, error);

	if (ret)
		return ret;
	client->memory_size = ntb_layout_size(client->topology.port_count);
	client->memory = mmap(NULL, client->memory_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (client->memory == MAP_FAILED) {
		client->memory = NULL;
		return ntb_fail(error, -ENOMEM, "no memory for the shadow of a switch");
	}
	client->a->memory = client->memory;
	client->a->memory_size = client->memory_size;
	return idtntb_block_format(client->memory, client->memory_size, &client->topology, error);
}

static int uring_open(struct idtntb_attachment *a, const char *where, const struct idtntb_attach_options *options,
		      struct idtntb_error *error)
{
	struct wire_welcome welcome;
	struct client *client = NULL;
	int ret = make(&client, a, error);

	(void)options; /* a topology that is asked for is compared with the shadow's */
	if (!ret)
		ret = ntb_address_parse(&client->address, where, false, error);
	if (ret)
		return ret;
	client->fd = ntb_address_connect(&client->address, CONNECT_MS, error);
	if (client->fd < 0)
		return client->fd;
	ret = client_greet(client, client->fd, &client->inbox, &welcome, error);
	return ret ? ret : make_shadow(client, &welcome, error);
}

static int uring_claim(struct idtntb_attachment *a, struct idtntb_error *error)
{
	struct client *client = client_of(a);
	const int64_t deadline = ntb_now() + TAKEN_MS * NTB_MS;
	const struct timespec pause = { .tv_nsec = 50 * NTB_MS };
	int ret;

	while ((ret = client_attach(client, client->fd, &client->inbox, error)) == -EBUSY && ntb_now() < deadline)
		nanosleep(&pause, NULL);
	return ret;
}

static int uring_joined(struct idtntb_attachment *a, struct idtntb_error *error)
{
	struct client *client = client_of(a);
	struct wire_sync *sync;
	uint32_t tag;
	int ret;

	atomic_store(&client->state, CLIENT_UP);
	ret = client_thread_start(client);
	if (ret)
		return ntb_fail(error, ret, "thread of an attachment: %s", strerror(-ret));
	/* Who else is there has been said before the answer. */
	tag = client_question(client);
	if (client_send_begin(client, CLIENT_UP)) {
		client_consent(client);
		sync = client_add(client, WIRE_SYNC, 0);
		sync->tag = tag;
		client_send_end(client, CLIENT_SEND_ASK);
		client_await(client, NULL, 0, CONNECT_MS);
	}
	client->joined = true;
	ntb_wake(a);
	return 0;
}

static void uring_close(struct idtntb_attachment *a)
{
	struct client *client = client_of(a);

	if (!client)
		return;
	client_thread_stop(client);
	/* What was posted goes out before the connection ends, as far as it goes without waiting. */
	if (client_send_begin(client, CLIENT_UP))
		client_send_end(client, CLIENT_SEND_NOW);
	client_forget(client);
	if (client->fd >= 0)
		close(client->fd);
	if (client->epoll >= 0)
		close(client->epoll);
	if (client->wake >= 0)
		close(client->wake);
	ntb_outbox_destroy(&client->outbox);
	ntb_inbox_destroy(&client->inbox);
	if (client->memory)
		munmap(client->memory, client->memory_size);
	pthread_mutex_destroy(&client->out_lock);
	pthread_mutex_destroy(&client->in_lock);
	pthread_mutex_destroy(&client->events_lock);
	free(client);
	a->state = NULL;
}

/* The shadow has nobody to kick, and the attachment's epoll set no descriptors of ours. */
static void uring_kick(struct idtntb_attachment *a, uint32_t slots)
{
	(void)a;
	(void)slots;
}

static void uring_event(struct idtntb_attachment *a, uint32_t tag, uint32_t events)
{
	(void)a;
	(void)tag;
	(void)events;
}

static void uring_settle(struct idtntb_attachment *a)
{
	client_deliver(client_of(a));
}

static void uring_offer(struct idtntb_attachment *a)
{
	client_offer(client_of(a));
}

const struct ntb_transport ntb_transport_uring = {
	.name = "uring",
	.form = "uring:unix:PATH, uring:tcp:HOST:PORT",
	.open = uring_open,
	.claim = uring_claim,
	.joined = uring_joined,
	.close = uring_close,
	.kick = uring_kick,
	.event = uring_event,
	.settle = uring_settle,
	.offer = uring_offer,
	.remote = &client_remote,
	.view = &ntb_uring_view_ops,
};
