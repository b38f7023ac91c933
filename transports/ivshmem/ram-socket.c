/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RAM descriptors to and from the other clients, over the second socket of our own server (ram-protocol.h). A stock server
 * has none: windows go by copy then. When the connection is lost what it brought stays in use, since it is bound to owners.
 */
#include "ivshmem.h"

#include "../common/claim.h"
#include "../common/futex.h"
#include "../common/ram-message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PACKETS 32 /* taken at once */

void ntb_ram_socket_close(struct ivshmem *iv)
{
	if (iv->ram >= 0)
		close(iv->ram);
	iv->ram = -1;
	iv->ram_pending = false;
}

/* While the server itself is there it is tried again; else it is connected anew with the server. */
static void lost(struct idtntb_attachment *a, const char *why)
{
	struct ivshmem *iv = ivshmem_of(a);

	ntb_ram_socket_close(iv);
	if (!iv->rejoined || !iv->ram_tries)
		return;
	iv->ram_at = ntb_now() + 1000 * NTB_MS;
	if (--iv->ram_tries)
		return;
	iv->ram_at = 0;
	ntb_log(a, IDTNTB_LOG_WARNING, "the server's socket %.80s.ram: %s; RAM is not exchanged with peers any more",
		iv->path, why);
}

/* Send the offer, now or when there is room. */
static void push(struct idtntb_attachment *a)
{
	struct ivshmem *iv = ivshmem_of(a);
	struct epoll_event event = { .data.u32 = TAG_RAM };
	int ret = ntb_ram_send(a, iv->ram);

	if (ret && ret != -EAGAIN) {
		lost(a, strerror(-ret));
		return;
	}
	if (iv->ram_pending == (ret == -EAGAIN))
		return;
	iv->ram_pending = ret == -EAGAIN;
	event.events = EPOLLIN | (iv->ram_pending ? EPOLLOUT : 0);
	epoll_ctl(a->epoll, EPOLL_CTL_MOD, iv->ram, &event);
}

void ntb_ram_socket_offer(struct idtntb_attachment *a)
{
	if (ivshmem_of(a)->ram >= 0)
		push(a);
}

void ntb_ram_socket_connect(struct idtntb_attachment *a)
{
	struct ivshmem *iv = ivshmem_of(a);
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int length, ret;

	iv->ram_at = 0;
	ntb_ram_socket_close(iv); /* of the server before */
	length = snprintf(address.sun_path, sizeof(address.sun_path), "%s.ram", iv->path);
	if (length < 0 || (size_t)length >= sizeof(address.sun_path))
		return; /* no server of ours can have made it there */
	iv->ram = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ret = iv->ram < 0 || connect(iv->ram, (const struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
	if (!ret)
		ret = ntb_watch(a, iv->ram, EPOLLIN, TAG_RAM);
	if (!ret)
		push(a);
	else if (ret == -ENOENT || ret == -ECONNREFUSED)
		ntb_ram_socket_close(iv); /* a stock server */
	else
		lost(a, strerror(-ret));
}

void ntb_ram_socket_event(struct idtntb_attachment *a, uint32_t events)
{
	struct ivshmem *iv = ivshmem_of(a);
	int ret = 1;

	if (iv->ram < 0)
		return;
	for (unsigned i = 0; i < PACKETS && ret > 0; i++) {
		ret = ntb_ram_receive(a, iv->ram, ntb_others(a));
		if (ret > 0)
			iv->ram_tries = RAM_TRIES;
	}
	if (ret < 0)
		lost(a, strerror(-ret));
	else if (events & EPOLLOUT)
		push(a);
}
