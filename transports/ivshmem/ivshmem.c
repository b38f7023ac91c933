/* SPDX-License-Identifier: BSD-3-Clause */
/* The ivshmem transport: opening, claiming and closing. */
#include "ivshmem.h"

#include "../common/claim.h"
#include "../common/error.h"
#include "../common/futex.h"
#include "../common/lock.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define HANDSHAKE_MS 5000

/* Wait for the whole greeting, and map the memory that comes with it. */
static int greet(struct idtntb_attachment *a, int64_t deadline, struct idtntb_error *error)
{
	struct ivshmem *iv = ivshmem_of(a);
	struct ntb_greeting greeting = NTB_GREETING_NONE;
	int ret = ntb_greeting_wait(&greeting, &iv->client, &iv->peers, iv->path, deadline, error);

	if (ret)
		return ret;
	iv->own_bell = greeting.bell;
	iv->rejoined = true;
	return ntb_memory_adopt(&iv->memory, greeting.memory, error);
}

int ntb_ivshmem_path(char path[PATH_SIZE], const char *where, struct idtntb_error *error)
{
	if (!*where || strlen(where) >= PATH_SIZE)
		return ntb_fail(error, -EINVAL, "'ivshmem:%.40s%s': the path of a socket has 1 to %d characters", where,
				strlen(where) > 40 ? "..." : "", PATH_SIZE - 1);
	strcpy(path, where);
	return 0;
}

static int ivshmem_open(struct idtntb_attachment *a, const char *where, const struct idtntb_attach_options *options,
			struct idtntb_error *error)
{
	const int64_t deadline = ntb_now() + HANDSHAKE_MS * NTB_MS;
	struct ivshmem *iv = calloc(1, sizeof(*iv));
	int ret;

	if (!iv)
		return ntb_fail(error, -ENOMEM, "no memory for an attachment");
	a->state = iv;
	ntb_client_init(&iv->client);
	ntb_memory_init(&iv->memory);
	ntb_memory_init(&iv->arrived);
	iv->own_bell = iv->timer = iv->ram = iv->kicker.ready = -1;
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++)
		iv->targets[slot].fd = -1;
	ret = ntb_ivshmem_path(iv->path, where, error);
	if (ret)
		return ret;
	iv->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	ret = iv->timer < 0 ? -errno : ntb_kicker_init(&iv->kicker);
	if (ret)
		return ntb_fail(error, ret, "descriptors of an attachment: %s", strerror(-ret));
	ret = ntb_greeting_connect(&iv->client, iv->path, deadline, error);
	if (!ret)
		ret = greet(a, deadline, error);
	/* From here on we are alone with it; the lock is dropped when the port is ours, or with the description. */
	if (!ret)
		ret = ntb_join_lock(&iv->memory, error);
	return ret ? ret : ntb_block_make(a, &iv->memory, options, error);
}

static int ivshmem_claim(struct idtntb_attachment *a, struct idtntb_error *error)
{
	return ntb_claim(a, &ivshmem_of(a)->memory, error);
}

static int ivshmem_joined(struct idtntb_attachment *a, struct idtntb_error *error)
{
	struct ivshmem *iv = ivshmem_of(a);
	const int bell = iv->own_bell;
	int ret;

	iv->joined = true;
	iv->own_bell = -1;
	ret = ntb_bells_add(a, bell);
	if (ret == -EPROTO)
		return ntb_fail(error, ret,
				"the ivshmem server's vector is no eventfd, or the kernel is older than 5.2");
	if (!ret)
		ret = ntb_watch(a, iv->client.fd, EPOLLIN | EPOLLRDHUP, TAG_SERVER);
	if (!ret)
		ret = ntb_watch(a, iv->timer, EPOLLIN, TAG_TIMER);
	if (ret)
		return ntb_fail(error, ret, "descriptors of an attachment: %s", strerror(-ret));
	ntb_lock_drop(iv->memory.fd, NTB_LOCK_JOIN);
	if (iv->kicker.plain)
		ntb_log(a, IDTNTB_LOG_WARNING,
			"the kernel gives no context for asynchronous I/O: peers are woken by write(2)");
	iv->ram_tries = RAM_TRIES;
	ntb_ram_socket_connect(a);
	ntb_bells_kick_missed(a);
	ntb_wake(a); /* to plan what has to be done without being asked */
	return 0;
}

static void ivshmem_close(struct idtntb_attachment *a)
{
	struct ivshmem *iv = ivshmem_of(a);

	if (!iv)
		return;
	ntb_client_disconnect(&iv->client);
	ntb_ram_socket_close(iv);
	ntb_peers_clear(&iv->peers);
	ntb_bells_close(iv);
	ntb_kicker_destroy(&iv->kicker);
	ntb_memory_drop(&iv->arrived);
	ntb_memory_drop(&iv->memory);
	if (iv->timer >= 0)
		close(iv->timer);
	free(iv);
}

static bool ivshmem_alive(struct idtntb_attachment *a, unsigned slot)
{
	return !ntb_lock_free(ivshmem_of(a)->memory.fd, NTB_LOCK_SLOT(slot));
}

static void ivshmem_event(struct idtntb_attachment *a, uint32_t tag, uint32_t events)
{
	struct ivshmem *iv = ivshmem_of(a);
	uint64_t expirations;

	switch (tag) {
	case TAG_SERVER:
		ntb_server_input(a);
		break;
	case TAG_RAM:
		ntb_ram_socket_event(a, events);
		break;
	case TAG_TIMER:
		if (read(iv->timer, &expirations, sizeof(expirations)) == sizeof(expirations))
			ntb_liveness_timer(a);
		break;
	default: /* a bell has no more to say than that the port be serviced */
		break;
	}
}

const struct ntb_transport ntb_transport_ivshmem = {
	.name = "ivshmem",
	.form = "ivshmem:PATH",
	.renewal =
		"or end all its hosts and the server, remove a stock server's memory (/dev/shm/ivshmem), and start anew",
	.view = &ntb_ivshmem_view_ops,
	.open = ivshmem_open,
	.claim = ivshmem_claim,
	.joined = ivshmem_joined,
	.close = ivshmem_close,
	.kick = ntb_bells_kick,
	.alive = ivshmem_alive,
	.event = ivshmem_event,
	.settle = ntb_liveness_plan,
	.offer = ntb_ram_socket_offer,
};
