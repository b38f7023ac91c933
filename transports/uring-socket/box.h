/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Frames on their way: an outbox that grows up to a limit, an inbox that does not grow, and the descriptors that go with
 * frames. Neither does any input or output, so that the daemon can have its own way of it.
 */
#ifndef NTB_BOX_H
#define NTB_BOX_H

#include "wire.h"

#include <sys/socket.h>

#define BOX_FDS WIRE_RANGES /* that go with one frame */
#define BOX_IN 65536u /* bytes of an inbox */

/* Descriptors that go with the frame that begins at a place of a half. */
struct ntb_mark {
	struct ntb_mark *next;
	size_t at;
	unsigned count;
	int fds[BOX_FDS]; /* owned */
};

/* One half is filled while the other is being sent, and stays where it is. */
struct ntb_outbox {
	struct ntb_half {
		uint8_t *data;
		size_t used, room;
		struct ntb_mark *marks;
	} halves[2];
	unsigned sending; /* which half that is */
	unsigned fd_count; /* descriptors in both */
	size_t sent; /* bytes of it */
	size_t limit;
};

void ntb_outbox_init(struct ntb_outbox *box, size_t limit);
/* Also closes the descriptors that have not gone. */
void ntb_outbox_destroy(struct ntb_outbox *box);
/* Bytes not sent yet. */
size_t ntb_outbox_size(const struct ntb_outbox *box);
/*
 * Append a frame with room for `extra` bytes behind its fixed part, all zero: returns the fixed part, to be filled in
 * before the next call. NULL: no room, or no memory.
 */
void *ntb_outbox_add(struct ntb_outbox *box, enum wire_type type, size_t extra);
/* The same with descriptors, which are duplicated; NULL also when they cannot be. */
void *ntb_outbox_add_fds(struct ntb_outbox *box, enum wire_type type, size_t extra, const int *fds, unsigned count);
/* Append a line of text: LOG, GUEST_ERROR or BYE. */
void ntb_outbox_add_text(struct ntb_outbox *box, enum wire_type type, unsigned level, const char *text);
/* What to send next: bytes, and the mark of the descriptors that go with them, or NULL. False: nothing is left. */
bool ntb_outbox_next(struct ntb_outbox *box, struct iovec *bytes, struct ntb_mark **mark);
/* So much of what ntb_outbox_next() gave has been sent. */
void ntb_outbox_sent(struct ntb_outbox *box, size_t size);

/* Room for the control message of so many descriptors. */
union ntb_control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(BOX_FDS * sizeof(int))];
};

/* Fill a message header with what is to be sent. */
void ntb_message_fill(struct msghdr *message, struct iovec *bytes, union ntb_control *control,
		      const struct ntb_mark *mark);

struct ntb_inbox {
	uint8_t *data; /* BOX_IN bytes */
	size_t start, end;
	int fds[2 * BOX_FDS]; /* that have come and belong to no frame yet */
	unsigned fd_count;
};

int ntb_inbox_init(struct ntb_inbox *inbox);
void ntb_inbox_destroy(struct ntb_inbox *inbox);
/* Where to receive to; what is there moves to the front first. No bytes: it is full of a frame that has not been taken. */
struct iovec ntb_inbox_space(struct ntb_inbox *inbox);
/* So much has been received. 0, or -EPROTO: more descriptors than frames can need; they are closed. */
int ntb_inbox_received(struct ntb_inbox *inbox, size_t size, struct msghdr *message);
/*
 * Take the next frame: it stays there until the next ntb_inbox_space(). 1; 0 when there is none in full; -EPROTO with the
 * line filled when there is something else.
 */
int ntb_inbox_next(struct ntb_inbox *inbox, bool from_daemon, const struct wire_frame **frame,
		   struct idtntb_error *error);
/* Take the descriptors of a frame that needs so many: they are the caller's. False: they have not come. */
bool ntb_inbox_take_fds(struct ntb_inbox *inbox, int *fds, unsigned count);

#endif
