/* SPDX-License-Identifier: BSD-3-Clause */
/* RAM descriptors without a server, the side of those who are told of them: see ram-sockets.c. */
#include "shm.h"

#include "../common/futex.h"
#include "../common/ram-message.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define TRIES 10 /* to reach an owner */
#define PACKETS 32 /* taken at once */
#define PAUSE (1000 * NTB_MS) /* between two tries */

void ntb_shm_publisher_leave(struct shm *shm, unsigned slot)
{
	if (shm->publishers[slot].fd >= 0)
		close(shm->publishers[slot].fd);
	shm->publishers[slot].fd = -1;
}

/* Whoever cannot be asked any more cannot take anything back: what it has told counts no longer. */
static void give_up(struct idtntb_attachment *a, unsigned slot, const char *why)
{
	shm_of(a)->publishers[slot].tries = 0;
	ntb_log(a, IDTNTB_LOG_WARNING, "RAM of port %u is not mapped, its windows go by copy: socket: %s",
		idtntb_switch_topology(a->sw)->ports[slot].port, why);
	ntb_attachment_offer(a, slot, 0, NULL, 0);
}

/* Try again with the next look, if that may help. */
static void later(struct idtntb_attachment *a, unsigned slot, const char *why)
{
	struct shm *shm = shm_of(a);

	ntb_shm_publisher_leave(shm, slot);
	if (!--shm->publishers[slot].tries) {
		give_up(a, slot, why);
		return;
	}
	shm->publishers[slot].try_at = ntb_now() + PAUSE;
	atomic_store(&shm->tick, true);
}

static void reach(struct idtntb_attachment *a, unsigned slot)
{
	struct shm_publisher *publisher = &shm_of(a)->publishers[slot];
	struct sockaddr_un address;
	int error;

	/* One that cannot listen has said so in its own log. */
	if (!ntb_shm_ram_name(shm_of(a), slot, &address)) {
		publisher->tries = 0;
		return;
	}
	publisher->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (publisher->fd >= 0 && !connect(publisher->fd, (const struct sockaddr *)&address, sizeof(address)) &&
	    !ntb_watch(a, publisher->fd, EPOLLIN | EPOLLRDHUP, TAG_PUBLISHER + slot))
		return;
	error = errno;
	if (error != ENOENT && error != ECONNREFUSED) {
		later(a, slot, strerror(error));
		return;
	}
	ntb_shm_publisher_leave(shm_of(a), slot);
	if (a->offers[slot].owner)
		give_up(a, slot, strerror(error));
	else
		publisher->tries = 0;
}

void ntb_shm_ram_follow(struct idtntb_attachment *a)
{
	struct shm *shm = shm_of(a);

	/* A frontend that maps nothing needs no descriptors. */
	if (!a->ops.window_map)
		return;
	for (unsigned slot = 0; slot < idtntb_switch_topology(a->sw)->port_count; slot++) {
		struct shm_publisher *publisher = &shm->publishers[slot];
		const uint32_t owner = ntb_member(a, slot).owner;

		if (slot == a->slot)
			continue;
		if (owner != publisher->owner) {
			/* The RAM of who is gone is let go of. */
			ntb_shm_publisher_leave(shm, slot);
			ntb_attachment_offer(a, slot, 0, NULL, 0);
			publisher->owner = owner;
			publisher->tries = TRIES;
			publisher->try_at = 0;
		}
		if (!owner || publisher->fd >= 0 || !publisher->tries)
			continue;
		if (ntb_now() >= publisher->try_at)
			reach(a, slot);
		else
			atomic_store(&shm->tick, true);
	}
}

/* Take one packet of an owner's: as ntb_ram_receive(). */
static int take_offer(struct idtntb_attachment *a, unsigned slot)
{
	struct shm_publisher *publisher = &shm_of(a)->publishers[slot];
	int ret = ntb_ram_receive(a, publisher->fd, 1u << slot);

	if (ret <= 0)
		return ret;
	/* Who has the name and not the number may be somebody who tries all numbers: not for long. */
	if (a->offers[slot].owner != publisher->owner) {
		ntb_attachment_offer(a, slot, 0, NULL, 0);
		return -EACCES;
	}
	publisher->tries = TRIES;
	return ret;
}

void ntb_shm_publisher_event(struct idtntb_attachment *a, unsigned slot)
{
	struct shm *shm = shm_of(a);
	int ret = 1;

	if (shm->publishers[slot].fd < 0)
		return;
	for (unsigned i = 0; i < PACKETS && ret > 0; i++)
		ret = take_offer(a, slot);
	if (ret >= 0)
		return;
	/* What it has told stays in use meanwhile: its end, if it is that, is found by its lock. */
	later(a, slot, strerror(-ret));
	ntb_shm_hurry(shm);
}
