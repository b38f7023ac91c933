/* SPDX-License-Identifier: BSD-3-Clause */
#include "box.h"

#include "../common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIRST_ROOM 16384u

static void close_all(const int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		close(fds[i]);
}

/* ---------------------------------------------------------------- out */

void ntb_outbox_init(struct ntb_outbox *box, size_t limit)
{
	*box = (struct ntb_outbox){ .limit = limit };
}

static void drop_mark(struct ntb_outbox *box, struct ntb_half *half)
{
	struct ntb_mark *mark = half->marks;

	half->marks = mark->next;
	box->fd_count -= mark->count;
	close_all(mark->fds, mark->count);
	free(mark);
}

void ntb_outbox_destroy(struct ntb_outbox *box)
{
	for (unsigned i = 0; i < 2; i++) {
		while (box->halves[i].marks)
			drop_mark(box, &box->halves[i]);
		free(box->halves[i].data);
	}
	*box = (struct ntb_outbox){ .limit = box->limit };
}

size_t ntb_outbox_size(const struct ntb_outbox *box)
{
	return box->halves[0].used + box->halves[1].used - box->sent;
}

static bool grow(struct ntb_half *half, size_t wanted)
{
	size_t room = half->room ? half->room : FIRST_ROOM;
	uint8_t *data;

	while (room < wanted)
		room *= 2;
	if (room == half->room)
		return true;
	data = realloc(half->data, room);
	if (!data)
		return false;
	half->data = data;
	half->room = room;
	return true;
}

void *ntb_outbox_add(struct ntb_outbox *box, enum wire_type type, size_t extra)
{
	const size_t size = ntb_wire_round(sizeof(struct wire_frame) + ntb_wire_kind(type)->fixed + extra);
	struct ntb_half *half = &box->halves[!box->sending];
	struct wire_frame *frame;

	if (size > box->limit - ntb_outbox_size(box) || ntb_outbox_size(box) > box->limit ||
	    !grow(half, half->used + size))
		return NULL;
	frame = (struct wire_frame *)(void *)(half->data + half->used);
	memset(frame, 0, size);
	frame->length = (uint32_t)size;
	frame->type = (uint16_t)type;
	half->used += size;
	return frame + 1;
}

void *ntb_outbox_add_fds(struct ntb_outbox *box, enum wire_type type, size_t extra, const int *fds, unsigned count)
{
	struct ntb_half *half = &box->halves[!box->sending];
	const size_t at = half->used;
	struct ntb_mark *mark, **last = &half->marks;
	void *body;

	if (!count)
		return ntb_outbox_add(box, type, extra);
	mark = calloc(1, sizeof(*mark));
	if (!mark)
		return NULL;
	mark->at = at;
	while (mark->count < count) {
		mark->fds[mark->count] = fcntl(fds[mark->count], F_DUPFD_CLOEXEC, 0);
		if (mark->fds[mark->count] < 0)
			break;
		mark->count++;
	}
	body = mark->count == count ? ntb_outbox_add(box, type, extra) : NULL;
	if (!body) {
		close_all(mark->fds, mark->count);
		free(mark);
		return NULL;
	}
	while (*last)
		last = &(*last)->next;
	*last = mark;
	box->fd_count += count;
	return body;
}

void ntb_outbox_add_text(struct ntb_outbox *box, enum wire_type type, unsigned level, const char *text)
{
	const size_t size = strnlen(text, WIRE_TEXT);

	if (type == WIRE_LOG) {
		struct wire_log *log = ntb_outbox_add(box, type, size);

		if (log) {
			*log = (struct wire_log){ level, (uint32_t)size };
			memcpy(log + 1, text, size);
		}
	} else {
		struct wire_text *line = ntb_outbox_add(box, type, size);

		if (line) {
			line->size = (uint32_t)size;
			memcpy(line + 1, text, size);
		}
	}
}

bool ntb_outbox_next(struct ntb_outbox *box, struct iovec *bytes, struct ntb_mark **mark)
{
	struct ntb_half *half = &box->halves[box->sending];
	const struct ntb_mark *end;

	if (box->sent == half->used) {
		half->used = 0;
		box->sent = 0;
		box->sending = !box->sending;
		half = &box->halves[box->sending];
		if (!half->used)
			return false;
	}
	*mark = half->marks && half->marks->at == box->sent ? half->marks : NULL;
	end = *mark ? (*mark)->next : half->marks;
	bytes->iov_base = half->data + box->sent;
	bytes->iov_len = (end ? end->at : half->used) - box->sent;
	return true;
}

void ntb_outbox_sent(struct ntb_outbox *box, size_t size)
{
	struct ntb_half *half = &box->halves[box->sending];

	if (!size)
		return;
	/* They have gone with the first byte. */
	if (half->marks && half->marks->at == box->sent)
		drop_mark(box, half);
	box->sent += size;
}

void ntb_message_fill(struct msghdr *message, struct iovec *bytes, union ntb_control *control,
		      const struct ntb_mark *mark)
{
	memset(message, 0, sizeof(*message));
	message->msg_iov = bytes;
	message->msg_iovlen = 1;
	if (!mark)
		return;
	memset(control, 0, sizeof(*control));
	message->msg_control = control;
	message->msg_controllen = CMSG_SPACE(mark->count * sizeof(int));
	control->header.cmsg_level = SOL_SOCKET;
	control->header.cmsg_type = SCM_RIGHTS;
	control->header.cmsg_len = CMSG_LEN(mark->count * sizeof(int));
	memcpy(CMSG_DATA(&control->header), mark->fds, mark->count * sizeof(int));
}

/* ---------------------------------------------------------------- in */

int ntb_inbox_init(struct ntb_inbox *inbox)
{
	*inbox = (struct ntb_inbox){ .data = malloc(BOX_IN) };
	return inbox->data ? 0 : -ENOMEM;
}

void ntb_inbox_destroy(struct ntb_inbox *inbox)
{
	close_all(inbox->fds, inbox->fd_count);
	free(inbox->data);
	*inbox = (struct ntb_inbox){ 0 };
}

struct iovec ntb_inbox_space(struct ntb_inbox *inbox)
{
	if (inbox->start == inbox->end) {
		inbox->start = inbox->end = 0;
	} else if (inbox->start && BOX_IN - inbox->end < WIRE_BIGGEST) {
		memmove(inbox->data, inbox->data + inbox->start, inbox->end - inbox->start);
		inbox->end -= inbox->start;
		inbox->start = 0;
	}
	return (struct iovec){ inbox->data + inbox->end, BOX_IN - inbox->end };
}

int ntb_inbox_received(struct ntb_inbox *inbox, size_t size, struct msghdr *message)
{
	int ret = message->msg_flags & MSG_CTRUNC ? -EPROTO : 0;

	inbox->end += size;
	if (message->msg_controllen < sizeof(struct cmsghdr))
		return ret;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
		const unsigned count = (unsigned)((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		int fds[BOX_FDS];

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS || count > BOX_FDS)
			continue;
		memcpy(fds, CMSG_DATA(part), count * sizeof(int));
		if (count > sizeof(inbox->fds) / sizeof(inbox->fds[0]) - inbox->fd_count) {
			close_all(fds, count);
			ret = -EPROTO;
			continue;
		}
		memcpy(inbox->fds + inbox->fd_count, fds, count * sizeof(int));
		inbox->fd_count += count;
	}
	return ret;
}

int ntb_inbox_next(struct ntb_inbox *inbox, bool from_daemon, const struct wire_frame **frame,
		   struct idtntb_error *error)
{
	const struct wire_frame *next = (const struct wire_frame *)(const void *)(inbox->data + inbox->start);
	const size_t there = inbox->end - inbox->start;

	if (there < sizeof(*next))
		return 0;
	if (ntb_wire_check_header(next, from_daemon, error))
		return -EPROTO;
	if (there < next->length)
		return 0;
	if (ntb_wire_check(next, error))
		return -EPROTO;
	inbox->start += next->length;
	*frame = next;
	return 1;
}

bool ntb_inbox_take_fds(struct ntb_inbox *inbox, int *fds, unsigned count)
{
	if (count > inbox->fd_count)
		return false;
	memcpy(fds, inbox->fds, count * sizeof(int));
	inbox->fd_count -= count;
	memmove(inbox->fds, inbox->fds + count, inbox->fd_count * sizeof(int));
	return true;
}
