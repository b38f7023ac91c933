/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Waking others and being woken. Eventfds outlive the server that made them: those of ours are listened to as long as
 * somebody may still use them, those of others are kept until the server hands out their next.
 */
#include "ivshmem.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/*
 * An eventfd of ours is never read: whoever holds it could read it before us, or make the read block. Edge-triggered, each
 * signal is an event of its own whatever the counter; EPOLLOUT makes that so even when somebody has taken the count.
 */
#define BELL_EVENTS (EPOLLIN | EPOLLOUT | EPOLLET)

static void drop_bell(struct idtntb_attachment *a, int fd)
{
	/* Closing alone does not take it out of the set: others hold the same description. */
	epoll_ctl(a->epoll, EPOLL_CTL_DEL, fd, NULL);
	close(fd);
}

int ntb_bells_add(struct idtntb_attachment *a, int fd)
{
	struct ivshmem *iv = ivshmem_of(a);
	uint32_t bell;
	int ret = ntb_eventfd_bell(fd, &bell);

	if (!ret)
		ret = ntb_watch(a, fd, BELL_EVENTS, TAG_BELL);
	if (ret) {
		close(fd);
		return ret;
	}
	if (iv->bell_count == OWN_BELLS) {
		drop_bell(a, iv->bells[0]);
		iv->bell_count--;
		memmove(iv->bells, iv->bells + 1, iv->bell_count * sizeof(*iv->bells));
	}
	iv->bells[iv->bell_count++] = fd;
	idtntb_port_bell_set(a->port, bell);
	return 0;
}

void ntb_bells_close(struct ivshmem *iv)
{
	/* The epoll set goes as well, so they need not be taken out of it. */
	for (unsigned i = 0; i < iv->bell_count; i++)
		close(iv->bells[i]);
	iv->bell_count = 0;
	if (iv->own_bell >= 0)
		close(iv->own_bell);
	iv->own_bell = -1;
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++) {
		if (iv->targets[slot].fd >= 0)
			close(iv->targets[slot].fd);
		iv->targets[slot].fd = -1;
	}
}

/* The eventfd that wakes the owner of a port, or -1. */
static int target(struct idtntb_attachment *a, unsigned slot)
{
	struct ivshmem *iv = ivshmem_of(a);
	const struct idtntb_member member = ntb_member(a, slot);
	int fd;

	if (!member.owner)
		return -1;
	if (iv->targets[slot].fd >= 0 && iv->targets[slot].owner == member.owner &&
	    iv->targets[slot].bell == member.bell)
		return iv->targets[slot].fd;
	fd = ntb_peers_find(&iv->peers, member.bell);
	if (fd >= 0)
		fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (fd >= 0) {
		if (iv->targets[slot].fd >= 0)
			close(iv->targets[slot].fd);
		iv->targets[slot].fd = fd;
		iv->targets[slot].owner = member.owner;
		iv->targets[slot].bell = member.bell;
		return fd;
	}
	/* It has rejoined a server, and we have not heard of it there yet: it still listens to its last one. */
	iv->missed |= 1u << slot;
	return iv->targets[slot].owner == member.owner ? iv->targets[slot].fd : -1;
}

void ntb_bells_remember(struct idtntb_attachment *a)
{
	for (unsigned slot = 0; slot < idtntb_switch_topology(a->sw)->port_count; slot++) {
		if (slot != a->slot)
			target(a, slot);
	}
}

void ntb_bells_kick(struct idtntb_attachment *a, uint32_t slots)
{
	struct ivshmem *iv = ivshmem_of(a);
	int fds[NTB_KICK_BATCH];
	unsigned count = 0;

	_Static_assert(IDTNTB_PORTS <= NTB_KICK_BATCH, "all ports are one batch");
	for (unsigned slot = 0; slot < idtntb_switch_topology(a->sw)->port_count; slot++) {
		int fd = (slots & 1u << slot) && slot != a->slot ? target(a, slot) : -1;

		if (fd >= 0)
			fds[count++] = fd;
	}
	if (count)
		ntb_kicker_signal(&iv->kicker, fds, count);
}

void ntb_bells_kick_missed(struct idtntb_attachment *a)
{
	struct ivshmem *iv = ivshmem_of(a);
	const uint32_t missed = iv->missed;

	iv->missed = 0;
	if (missed)
		ntb_bells_kick(a, missed);
}
