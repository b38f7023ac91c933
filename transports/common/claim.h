/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Joining a switch in memory that several processes share, and who of its owners has died: by locks (lock.h) on the
 * memory's file. One joins at a time; the lock for that is held from making the block until the port is taken.
 */
#ifndef NTB_CLAIM_H
#define NTB_CLAIM_H

#include "memory.h"
#include "transport.h"

/* Wait a bounded time until nobody else is joining. Dropped by ntb_lock_drop(), or with the memory. */
int ntb_join_lock(struct ntb_memory *memory, struct idtntb_error *error);
/* Make a block in the memory unless there is one, and have the attachment use it. The lock for joining is held. */
int ntb_block_make(struct idtntb_attachment *a, struct ntb_memory *memory, const struct idtntb_attach_options *options,
		   struct idtntb_error *error);
/* Take the port, waiting a bounded time for a dying owner, and sweep dead others. The lock for joining is held. */
int ntb_claim(struct idtntb_attachment *a, struct ntb_memory *memory, struct idtntb_error *error);

/* Take the lock for joining while no port is held at all; else -EBUSY. */
int ntb_lock_out(struct ntb_memory *memory, const struct idtntb_topology *topology, struct idtntb_error *error);
/* Whether some port is held by a process that lives. */
bool ntb_held(const struct ntb_memory *memory);

/* The ports that are not ours, as bits. */
uint32_t ntb_others(const struct idtntb_attachment *a);
/*
 * Take down the ports in slots whose owner has died; the others are told.
 * @return those in slots whose owner lives.
 */
uint32_t ntb_sweep(struct idtntb_attachment *a, const struct ntb_memory *memory, uint32_t slots);

#endif
