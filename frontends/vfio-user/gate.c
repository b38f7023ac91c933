/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading whole messages from a client that may be slow, stuck or hostile. */
#include "gate.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Bodies are small but for the data of window accesses: room beyond this is given back after a client has gone. */
#define ROOM_KEPT 4096

int64_t gate_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int gate_init(struct gate *gate)
{
	gate->fd = -1;
	return ntb_kicker_init(&gate->kicker);
}

void gate_open(struct gate *gate, int fd, int stop)
{
	gate->fd = fd;
	gate->stop = stop;
	gate->wrong[0] = '\0';
	gate->lost = false;
	gate_next(gate);
	/* Until its first message is complete. */
	gate->since = gate_now();
}

void gate_next(struct gate *gate)
{
	for (unsigned i = 0; i < gate->fd_count; i++)
		close(gate->fds[i]);
	gate->fd_count = 0;
	gate->header_have = 0;
	gate->header_given = false;
	gate->body_size = gate->body_have = gate->given = 0;
	gate->whole = false;
	gate->since = 0;
}

void gate_refuse(struct gate *gate, const char *format, ...)
{
	va_list list;

	/* The first reason is the cause, later ones its consequences. */
	if (gate->wrong[0])
		return;
	va_start(list, format);
	vsnprintf(gate->wrong, sizeof(gate->wrong), format, list);
	va_end(list);
}

void gate_closed(struct gate *gate)
{
	gate_next(gate);
	gate->fd = -1;
	if (gate->body_room > ROOM_KEPT) {
		free(gate->body);
		gate->body = NULL;
		gate->body_room = 0;
	}
}

void gate_destroy(struct gate *gate)
{
	gate_next(gate);
	ntb_kicker_destroy(&gate->kicker);
	free(gate->body);
	gate->body = NULL;
	gate->body_room = 0;
}

int gate_remaining(const struct gate *gate)
{
	int64_t left;

	if (gate->fd < 0 || !gate->since)
		return -1;
	left = gate->since + GATE_PATIENCE_MS - gate_now();
	return left > 0 ? (int)left : 0;
}

/* Descriptors that came with some bytes. All of them are taken, so that none is left behind whatever is wrong. */
static void take_descriptors(struct gate *gate, struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		size_t count;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (gate->fd_count < GATE_DESCRIPTORS) {
				gate->fds[gate->fd_count++] = fd;
			} else {
				close(fd);
				gate_refuse(gate, "more than %d descriptors with one message", GATE_DESCRIPTORS);
			}
		}
	}
	/* There was room for one more than allowed. What is missing and was not one too many, this process could not take. */
	if (message->msg_flags & MSG_CTRUNC)
		gate_refuse(gate, "its descriptors cannot be taken: raise the limit of open files (ulimit -n)");
}

/* One read. Descriptors come with the header; those a client sends amid a body belong to nothing and the kernel
 * closes them. @return bytes; 0: nothing yet; negative: the end. */
static ssize_t receive(struct gate *gate, void *to, size_t size, bool descriptors)
{
	/* Room for one more than allowed, to tell. */
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE((GATE_DESCRIPTORS + 1) * sizeof(int))];
	} control;
	struct iovec iov = { .iov_base = to, .iov_len = size };
	struct msghdr message = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t got;

	if (descriptors) {
		message.msg_control = control.room;
		message.msg_controllen = sizeof(control.room);
	}
	do {
		got = recvmsg(gate->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	} while (got < 0 && errno == EINTR);
	if (got > 0) {
		if (descriptors)
			take_descriptors(gate, &message);
		return got;
	}
	if (got < 0 && errno == EAGAIN)
		return 0;
	if (gate->header_have)
		gate_refuse(gate, "the connection ended amid a message");
	return -1;
}

static bool make_room(struct gate *gate)
{
	uint8_t *body;

	if (gate->body_size <= gate->body_room)
		return true;
	body = realloc(gate->body, gate->body_size);
	if (!body) {
		gate_refuse(gate, "no memory for a message of %zu bytes", gate->body_size);
		return false;
	}
	gate->body = body;
	gate->body_room = gate->body_size;
	return true;
}

/* Nothing more has come: the clock runs once a message has begun, from the first time that the rest is missing. */
static enum gate_result rest_is_missing(struct gate *gate)
{
	if (gate->header_have && !gate->since)
		gate->since = gate_now();
	return GATE_WAIT;
}

enum gate_result gate_read(struct gate *gate)
{
	ssize_t got;

	while (!gate->wrong[0] && gate->header_have < sizeof(gate->header)) {
		got = receive(gate, (uint8_t *)&gate->header + gate->header_have,
			      sizeof(gate->header) - gate->header_have, true);
		if (got <= 0)
			return got ? GATE_OVER : rest_is_missing(gate);
		gate->header_have += (size_t)got;
		if (gate->header_have == sizeof(gate->header)) {
			if (!gate_check_header(gate))
				break;
			gate->body_size = gate->header.size - sizeof(gate->header);
			if (!make_room(gate))
				break;
		}
	}
	while (!gate->wrong[0] && gate->body_have < gate->body_size) {
		got = receive(gate, gate->body + gate->body_have, gate->body_size - gate->body_have, false);
		if (got <= 0)
			return got ? GATE_OVER : rest_is_missing(gate);
		gate->body_have += (size_t)got;
	}
	if (gate->wrong[0])
		return GATE_OVER;
	gate->whole = true;
	return GATE_MESSAGE;
}
