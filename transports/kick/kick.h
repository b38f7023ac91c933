/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Signalling an eventfd that others hold too, without ever blocking. A write(2) blocks when a hostile peer has filled the
 * counter and cleared O_NONBLOCK, which is a property of what all holders share. So the kernel signals it on completion
 * of an asynchronous operation that is complete at once: that never waits.
 */
#ifndef NTB_KICK_H
#define NTB_KICK_H

#include <linux/aio_abi.h>
#include <stdbool.h>

#define NTB_KICK_BATCH 8

struct ntb_kicker {
	aio_context_t context;
	int ready; /* eventfd that is always readable: what is polled for */
	unsigned unreaped;
	bool plain; /* the kernel gives no context: poll, then write */
};

/* 0, or -errno. plain is set when there is no better way. */
int ntb_kicker_init(struct ntb_kicker *kicker);
void ntb_kicker_destroy(struct ntb_kicker *kicker);
/* Signal at most NTB_KICK_BATCH eventfds. */
void ntb_kicker_signal(struct ntb_kicker *kicker, const int *fds, unsigned count);

#endif
