/* SPDX-License-Identifier: BSD-3-Clause */
#include "talk.h"

#include "../common/error.h"
#include "../common/futex.h"

#include <errno.h>
#include <string.h>
#include <sys/time.h>

#define SLICE_MS 50 /* between two looks at the clock */
#define GREET_TIME (3000 * NTB_MS)

const char *ntb_talk_line(char line[WIRE_TEXT + 1], const void *bytes, uint32_t size)
{
	memcpy(line, bytes, size);
	line[size] = '\0';
	for (char *at = line; *at; at++) {
		if (*at < ' ' || *at > '~')
			*at = '?';
	}
	return line;
}

int ntb_talk_send(int fd, enum wire_type type, const void *body, size_t size, const void *more, size_t more_size)
{
	struct {
		struct wire_frame frame;
		uint8_t body[WIRE_BIGGEST];
	} whole = { .frame = { .type = (uint16_t)type } };

	whole.frame.length = (uint32_t)ntb_wire_round(sizeof(whole.frame) + size + more_size);
	memcpy(whole.body, body, size);
	if (more_size)
		memcpy(whole.body + size, more, more_size);
	return send(fd, &whole, whole.frame.length, MSG_NOSIGNAL) == (ssize_t)whole.frame.length ? 0 : -EPIPE;
}

/* Read what is there, or wait a slice for it. */
static int receive(int fd, struct ntb_inbox *inbox, struct idtntb_error *error)
{
	union ntb_control control;
	struct iovec bytes = ntb_inbox_space(inbox);
	/* Behind an answer there may be offers of RAM already. */
	struct msghdr message = {
		.msg_iov = &bytes, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	const ssize_t size = recvmsg(fd, &message, MSG_CMSG_CLOEXEC);

	if (size > 0 && ntb_inbox_received(inbox, (size_t)size, &message))
		return ntb_fail(error, -EPROTO, "the daemon sends more descriptors than frames can need");
	if (!size || (size < 0 && errno != EAGAIN && errno != EINTR))
		return ntb_fail(error, -EPROTO, "there is something else than idtntbd: it hangs up");
	return 0;
}

int ntb_talk_await(int fd, struct ntb_inbox *inbox, enum wire_type type, int64_t deadline,
		   const struct wire_frame **frame, struct idtntb_error *error)
{
	int ret = 0;

	for (;;) {
		const struct wire_text *text;
		char line[WIRE_TEXT + 1];

		while ((ret = ntb_inbox_next(inbox, true, frame, error)) > 0) {
			if ((*frame)->type == (unsigned)type)
				return 0;
			if ((*frame)->type != WIRE_BYE)
				continue;
			text = ntb_wire_body(*frame);
			return ntb_fail(error, -ECONNREFUSED, "the daemon hangs up: %s",
					ntb_talk_line(line, text + 1, text->size));
		}
		if (!ret && ntb_now() > deadline)
			return ntb_fail(error, -EPROTO,
					"there is something else than idtntbd, or it is hung: it says nothing");
		if (!ret)
			ret = receive(fd, inbox, error);
		if (ret)
			return ret;
	}
}

int ntb_talk_greet(int fd, struct ntb_inbox *inbox, uint32_t capabilities, struct wire_welcome *welcome,
		   struct idtntb_error *error)
{
	const struct timeval slice = { .tv_usec = SLICE_MS * 1000 };
	const struct wire_hello hello = {
		.magic = WIRE_MAGIC,
		.version = WIRE_VERSION,
		.capabilities = capabilities,
	};
	const struct wire_frame *frame;
	int ret;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof(slice));
	ret = ntb_talk_send(fd, WIRE_HELLO, &hello, sizeof(hello), NULL, 0);
	if (ret)
		return ntb_fail(error, ret, "the daemon hangs up at once");
	ret = ntb_talk_await(fd, inbox, WIRE_WELCOME, ntb_now() + GREET_TIME, &frame, error);
	if (ret)
		return ret;
	memcpy(welcome, ntb_wire_body(frame), sizeof(*welcome));
	if (welcome->magic != WIRE_MAGIC || welcome->version != WIRE_VERSION)
		return ntb_fail(error, -EPROTO, "the daemon speaks version %u of its protocol, this is %u",
				welcome->version, WIRE_VERSION);
	return 0;
}
