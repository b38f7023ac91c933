/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RAM descriptors to and from the other clients, over the second socket of our own server (ram-protocol.h). A stock server
 * has none: windows go by copy then. When the connection is lost what it brought stays in use, since it is bound to owners.
 */
#include "ivshmem.h"

#include "../common/futex.h"
#include "../common/ram-protocol.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define PACKETS 32 /* taken at once */
#define HEADER offsetof(struct ram_message, ranges)

_Static_assert(RAM_RANGES == IDTNTB_RAM_RANGES, "an offer is one packet");

union control {
	char space[CMSG_SPACE(RAM_RANGES * sizeof(int))];
	struct cmsghdr align;
};

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

/* Write the own offer into a message. Returns its length. */
static size_t compose(struct idtntb_attachment *a, struct ram_message *message, int *fds)
{
	*message = (struct ram_message){
		.magic = RAM_MAGIC,
		.version = RAM_VERSION,
		.slot = (uint16_t)a->slot,
		.owner = a->owner,
	};
	for (size_t i = 0; i < a->ram.count; i++) {
		const struct idtntb_ram_range *range = &a->ram.ranges[i];

		if (range->fd < 0)
			continue;
		fds[message->count] = range->fd;
		message->ranges[message->count].address = range->address;
		message->ranges[message->count].size = range->size;
		message->ranges[message->count].fd_offset = range->fd_offset;
		message->count++;
	}
	return HEADER + message->count * sizeof(message->ranges[0]);
}

static int send_offer(struct idtntb_attachment *a)
{
	struct ivshmem *iv = ivshmem_of(a);
	struct ram_message message;
	int fds[RAM_RANGES];
	struct iovec iov = { &message, compose(a, &message, fds) };
	struct msghdr header = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control;

	if (message.count) {
		struct cmsghdr *part;

		memset(&control, 0, sizeof(control));
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(message.count * sizeof(int));
		part = CMSG_FIRSTHDR(&header);
		part->cmsg_level = SOL_SOCKET;
		part->cmsg_type = SCM_RIGHTS;
		part->cmsg_len = CMSG_LEN(message.count * sizeof(int));
		memcpy(CMSG_DATA(part), fds, message.count * sizeof(int));
	}
	return sendmsg(iv->ram, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* Send the offer, now or when there is room. */
static void push(struct idtntb_attachment *a)
{
	struct ivshmem *iv = ivshmem_of(a);
	struct epoll_event event = { .data.u32 = TAG_RAM };
	int ret = send_offer(a);

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
	int length;

	iv->ram_at = 0;
	ntb_ram_socket_close(iv); /* of the server before */
	length = snprintf(address.sun_path, sizeof(address.sun_path), "%s.ram", iv->path);
	if (length < 0 || (size_t)length >= sizeof(address.sun_path))
		return; /* no server of ours can have made it there */
	iv->ram = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (iv->ram < 0)
		return;
	if (connect(iv->ram, (const struct sockaddr *)&address, sizeof(address))) {
		if (errno == ENOENT || errno == ECONNREFUSED)
			ntb_ram_socket_close(iv); /* a stock server */
		else
			lost(a, strerror(errno));
		return;
	}
	if (ntb_watch(a, iv->ram, EPOLLIN, TAG_RAM)) {
		ntb_ram_socket_close(iv);
		return;
	}
	push(a);
}

/* Take the descriptors of a packet: their number, all closed and -1 when there are too many. */
static int take_fds(struct msghdr *header, int *fds)
{
	int count = 0;
	bool too_many = header->msg_flags & MSG_CTRUNC;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		size_t here;

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		here = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < here; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
			if (count < RAM_RANGES) {
				fds[count++] = fd;
			} else {
				close(fd);
				too_many = true;
			}
		}
	}
	if (!too_many)
		return count;
	while (count)
		close(fds[--count]);
	return -1;
}

static bool well_formed(const struct idtntb_attachment *a, const struct ram_message *message, size_t size, int fds)
{
	if (size < HEADER || message->magic != RAM_MAGIC || message->version != RAM_VERSION ||
	    message->slot >= idtntb_switch_topology(a->sw)->port_count || message->slot == a->slot ||
	    message->count > RAM_RANGES || message->count != (unsigned)fds ||
	    size != HEADER + message->count * sizeof(message->ranges[0]))
		return false;
	for (unsigned i = 0; i < message->count; i++) {
		const uint64_t address = message->ranges[i].address, length = message->ranges[i].size;

		if (!length || address + (length - 1) < address)
			return false;
	}
	return true;
}

/* Take one packet. 1: there may be more, 0: none, -errno: the connection is of no more use. */
static int receive(struct idtntb_attachment *a)
{
	struct ivshmem *iv = ivshmem_of(a);
	struct idtntb_ram_range ranges[RAM_RANGES] = { { 0 } };
	struct ram_message message;
	union control control;
	struct iovec iov = { &message, sizeof(message) };
	struct msghdr header = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	int fds[RAM_RANGES], count;
	ssize_t got = recvmsg(iv->ram, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (got < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
	count = take_fds(&header, fds);
	if (!got && count <= 0)
		return -ECONNRESET;
	if (count < 0 || (header.msg_flags & MSG_TRUNC) || !well_formed(a, &message, (size_t)got, count)) {
		while (count > 0)
			close(fds[--count]);
		return -EPROTO;
	}
	iv->ram_tries = RAM_TRIES;
	for (int i = 0; i < count; i++) {
		ranges[i].address = message.ranges[i].address;
		ranges[i].size = message.ranges[i].size;
		ranges[i].fd_offset = message.ranges[i].fd_offset;
		ranges[i].fd = fds[i];
	}
	/* An owner who is gone takes its offer along; what was mapped goes with its link. */
	ntb_attachment_offer(a, message.slot, message.owner, ranges, (unsigned)count);
	return 1;
}

void ntb_ram_socket_event(struct idtntb_attachment *a, uint32_t events)
{
	struct ivshmem *iv = ivshmem_of(a);
	int ret = 1;

	if (iv->ram < 0)
		return;
	for (unsigned i = 0; i < PACKETS && ret > 0; i++)
		ret = receive(a);
	if (ret < 0)
		lost(a, strerror(-ret));
	else if (events & EPOLLOUT)
		push(a);
}
