/* SPDX-License-Identifier: BSD-3-Clause */
#include "ram-message.h"

#include "ram-protocol.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER offsetof(struct ram_message, ranges)

_Static_assert(RAM_RANGES == IDTNTB_RAM_RANGES, "an offer is one packet");

union control {
	char space[CMSG_SPACE(RAM_RANGES * sizeof(int))];
	struct cmsghdr align;
};

/* Write the own offer into a message. Returns its length. */
static size_t compose(const struct idtntb_attachment *a, struct ram_message *message, int *fds)
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

int ntb_ram_send(const struct idtntb_attachment *a, int socket)
{
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
	return sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
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

static bool well_formed(const struct ram_message *message, size_t size, int fds, uint32_t slots)
{
	if (size < HEADER || message->magic != RAM_MAGIC || message->version != RAM_VERSION ||
	    message->slot >= IDTNTB_PORTS || !(slots & 1u << message->slot) || message->count > RAM_RANGES ||
	    message->count != (unsigned)fds || size != HEADER + message->count * sizeof(message->ranges[0]))
		return false;
	for (unsigned i = 0; i < message->count; i++) {
		const uint64_t address = message->ranges[i].address, length = message->ranges[i].size;

		if (!length || address + (length - 1) < address)
			return false;
	}
	return true;
}

int ntb_ram_receive(struct idtntb_attachment *a, int socket, uint32_t slots)
{
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
	ssize_t got = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (got < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? 0 : -errno;
	count = take_fds(&header, fds);
	if (!got && count <= 0)
		return -ECONNRESET;
	if (count < 0 || (header.msg_flags & MSG_TRUNC) || !well_formed(&message, (size_t)got, count, slots)) {
		while (count > 0)
			close(fds[--count]);
		return -EPROTO;
	}
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
