/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The system calls of libvfio-user that touch a client: they see the message that the gate has read and checked, or the
 * end of the connection; none of them blocks longer than a client may make the server wait.
 */
#include "gate.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

static _Thread_local struct gate *current;

void gate_enter(struct gate *gate)
{
	current = gate;
}

int gate_library_accept(int fd, struct sockaddr *address, socklen_t *length)
{
	(void)fd;
	(void)address;
	(void)length;
	return current->fd;
}

/* The listening socket is ours (port.c); libvfio-user keeps one that is bound to nothing. */
int gate_library_bind(int fd, const struct sockaddr *address, socklen_t length)
{
	(void)fd;
	(void)address;
	(void)length;
	return 0;
}

int gate_library_listen(int fd, int backlog)
{
	(void)fd;
	(void)backlog;
	return 0;
}

int gate_library_unlink(const char *path)
{
	(void)path;
	return 0;
}

static void give_descriptors(struct gate *gate, struct msghdr *message)
{
	const size_t size = gate->fd_count * sizeof(int);
	struct cmsghdr *c;

	if (!gate->fd_count || !message->msg_control || message->msg_controllen < CMSG_SPACE(size)) {
		message->msg_controllen = 0;
		return;
	}
	c = message->msg_control;
	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), gate->fds, size);
	message->msg_controllen = CMSG_SPACE(size);
	gate->fd_count = 0; /* they are libvfio-user's now */
}

/* Headers are read by this. */
ssize_t gate_library_recvmsg(int fd, struct msghdr *message, int flags)
{
	struct gate *gate = current;

	(void)fd;
	(void)flags;
	message->msg_flags = 0;
	if (gate->wrong[0] || !gate->whole) {
		message->msg_controllen = 0;
		return 0;
	}
	if (gate->header_given || message->msg_iovlen != 1 || message->msg_iov[0].iov_len != sizeof(gate->header)) {
		errno = EAGAIN;
		return -1;
	}
	memcpy(message->msg_iov[0].iov_base, &gate->header, sizeof(gate->header));
	gate->header_given = true;
	give_descriptors(gate, message);
	return sizeof(gate->header);
}

/* Bodies are read by this. */
ssize_t gate_library_recv(int fd, void *data, size_t size, int flags)
{
	struct gate *gate = current;
	const size_t left = gate->body_have - gate->given;

	(void)fd;
	(void)flags;
	if (gate->wrong[0] || !gate->whole)
		return 0;
	if (size > left)
		size = left;
	memcpy(data, gate->body + gate->given, size);
	gate->given += size;
	return (ssize_t)size;
}

/* Wait until the client reads, but not for ever, and not when the server ends. 0: the time is not running yet. */
static bool wait_for_room(struct gate *gate, int64_t *until)
{
	struct pollfd fds[2] = { { .fd = gate->fd, .events = POLLOUT }, { .fd = gate->stop, .events = POLLIN } };
	const int64_t now = gate_now();

	if (!*until)
		*until = now + GATE_PATIENCE_MS;
	if (now >= *until || poll(fds, 2, (int)(*until - now)) <= 0)
		return false;
	if (fds[1].revents)
		errno = ECANCELED; /* which is not held against the client */
	return !fds[1].revents;
}

/* Replies are sent by this: all of one, or the client must go. */
ssize_t gate_library_sendmsg(int fd, const struct msghdr *message, int flags)
{
	struct gate *gate = current;
	struct msghdr rest = *message;
	struct iovec iov[4];
	ssize_t sent, sum = 0;
	int64_t until = 0;
	size_t left = 0;

	if (gate->wrong[0] || fd != gate->fd || rest.msg_iovlen > sizeof(iov) / sizeof(iov[0])) {
		errno = ECONNRESET;
		return -1;
	}
	memcpy(iov, message->msg_iov, message->msg_iovlen * sizeof(iov[0]));
	rest.msg_iov = iov;
	for (size_t i = 0; i < rest.msg_iovlen; i++)
		left += iov[i].iov_len;
	while (left) {
		sent = sendmsg(fd, &rest, flags | MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno != EAGAIN || !wait_for_room(gate, &until))) {
			if (errno == EAGAIN)
				gate_refuse(gate, "it does not read its replies");
			gate->lost = true;
			errno = ECONNRESET;
			return -1;
		}
		if (sent < 0)
			continue;
		rest.msg_control = NULL;
		rest.msg_controllen = 0;
		sum += sent;
		left -= (size_t)sent;
		for (size_t i = 0; i < rest.msg_iovlen && sent; i++) {
			const size_t part = (size_t)sent < iov[i].iov_len ? (size_t)sent : iov[i].iov_len;

			iov[i].iov_base = (uint8_t *)iov[i].iov_base + part;
			iov[i].iov_len -= part;
			sent -= (ssize_t)part;
		}
	}
	return sum;
}

/* A full counter is an interrupt that is pending already; waiting for a client to take it could last for ever. */
int gate_library_eventfd_write(int fd, uint64_t value)
{
	(void)value; /* always 1 */
	ntb_kicker_signal(&current->kicker, &fd, 1);
	return 0;
}
