/* SPDX-License-Identifier: BSD-3-Clause */
/* Frames one after the other, by somebody who waits for each: at the beginning of every conversation, and in views. */
#ifndef NTB_TALK_H
#define NTB_TALK_H

#include "box.h"

/* A line of the daemon's, which may be anything, as one that can be printed. Size: WIRE_TEXT at most. Returns `line`. */
const char *ntb_talk_line(char line[WIRE_TEXT + 1], const void *bytes, uint32_t size);
/* Send a frame, all of it: a fixed part, and what is behind it (NULL: nothing). 0 or -EPIPE. */
int ntb_talk_send(int fd, enum wire_type type, const void *body, size_t size, const void *more, size_t more_size);
/*
 * Wait for a frame of a type until the deadline (ntb_now()); others may come before it, and are passed over. It stays in the
 * inbox until the next call. 0, or -errno with the line filled.
 */
int ntb_talk_await(int fd, struct ntb_inbox *inbox, enum wire_type type, int64_t deadline,
		   const struct wire_frame **frame, struct idtntb_error *error);
/* Say HELLO on a new connection, and wait for WELCOME. */
int ntb_talk_greet(int fd, struct ntb_inbox *inbox, uint32_t capabilities, struct wire_welcome *welcome,
		   struct idtntb_error *error);

#endif
