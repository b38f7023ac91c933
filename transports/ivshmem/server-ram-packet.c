/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One packet of ram-protocol.h, in and out. What comes in is hostile until it has passed here.
 */
#include "server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER offsetof(struct ram_message, ranges)
#define RANGE sizeof(((struct ram_message *)0)->ranges[0])

union control {
	struct cmsghdr align;
	char space[CMSG_SPACE(RAM_RANGES * sizeof(int))];
};

/* Descriptors that came with a packet. @return how many; fds holds at most RAM_RANGES, as the control space does. */
static unsigned take_descriptors(struct msghdr *header, int fds[RAM_RANGES])
{
	unsigned count = 0;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; at + sizeof(int) <= part->cmsg_len - CMSG_LEN(0) && count < RAM_RANGES;
		     at += sizeof(int))
			memcpy(&fds[count++], CMSG_DATA(part) + at, sizeof(int));
	}
	return count;
}

/*
 * Only regular files (memory files are): a socket held here could be the other end of its own connection, which would
 * then never end.
 */
static const char *check_range(const struct ram_message *message, unsigned r, int fd)
{
	uint64_t address = message->ranges[r].address, size = message->ranges[r].size;
	uint64_t offset = message->ranges[r].fd_offset;
	struct stat st;

	if (!size || address + size - 1 < address || offset + size < offset)
		return "a range is empty or wraps";
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return "a descriptor is not memory";
	if (offset + size > (uint64_t)st.st_size)
		return "a range goes past the end of its descriptor";
	return NULL;
}

static const char *check(const struct ram_message *message, size_t size, unsigned slots, const int *fds, unsigned count)
{
	const char *why = NULL;

	if (size < HEADER)
		return "its packet is too short";
	if (message->magic != RAM_MAGIC || message->version != RAM_VERSION)
		return "it does not speak version 1 of this protocol";
	if (message->slot >= slots)
		return "the switch has no such slot";
	if (!message->owner)
		return "owner 0 is nobody";
	if (message->count > RAM_RANGES || size != HEADER + message->count * RANGE)
		return "its packet has not the size its count needs";
	if (message->count != count)
		return "its packet has not one descriptor for each range";
	for (unsigned r = 0; r < count && !why; r++)
		why = check_range(message, r, fds[r]);
	return why;
}

int ram_receive(int socket, unsigned slots, struct ram_message *message, int fds[RAM_RANGES], const char **why)
{
	union control control;
	struct iovec data = { message, sizeof(*message) };
	struct msghdr header = {
		.msg_iov = &data, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space)
	};
	ssize_t n = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	unsigned count;

	if (n < 0) {
		if (errno == EAGAIN || errno == EINTR)
			return 0;
		*why = strerrordesc_np(errno);
		return -1;
	}
	count = take_descriptors(&header, fds);
	if (n == 0)
		*why = NULL; /* the end; an empty packet looks the same and is treated so */
	else if (header.msg_flags & MSG_CTRUNC)
		/* Either there were more, or this process has no room: the kernel has closed those that are missing. */
		*why = "it sent more descriptors than can be taken";
	else if (header.msg_flags & MSG_TRUNC)
		*why = "its packet is too long";
	else
		*why = check(message, (size_t)n, slots, fds, count);
	if (n > 0 && !*why)
		return 1;
	while (count--)
		close(fds[count]);
	return -1;
}

int ram_send(int socket, const struct ram_message *message, const int fds[RAM_RANGES])
{
	union control control = { 0 };
	struct iovec data = { (void *)message, HEADER + message->count * RANGE };
	struct msghdr header = { .msg_iov = &data, .msg_iovlen = 1 };

	if (message->count) {
		struct cmsghdr *part;

		header.msg_control = control.space;
		header.msg_controllen = CMSG_SPACE(message->count * sizeof(int));
		part = CMSG_FIRSTHDR(&header);
		part->cmsg_level = SOL_SOCKET;
		part->cmsg_type = SCM_RIGHTS;
		part->cmsg_len = CMSG_LEN(message->count * sizeof(int));
		memcpy(CMSG_DATA(part), fds, message->count * sizeof(int));
	}
	return sendmsg(socket, &header, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}
