/* SPDX-License-Identifier: BSD-3-Clause */
/* The RAM of this port's own host: what peers may reach by copy, and what descriptors they are offered. */
#ifndef NTB_RAM_H
#define NTB_RAM_H

#include <idtntb-transport.h>

#include <pthread.h>

struct ntb_ram {
	pthread_mutex_t lock; /* held while a copy is made, and while the ranges are exchanged */
	size_t count;
	struct idtntb_ram_range ranges[IDTNTB_RAM_RANGES]; /* fd: our own duplicate, or -1 */
	/* The frontend's way to what is in no range, or NULL; for the owner's thread only. */
	int (*memory_read)(void *opaque, uint64_t address, void *data, size_t size);
	int (*memory_write)(void *opaque, uint64_t address, const void *data, size_t size);
	void *opaque;
};

/* ops: of the frontend, whose opaque it is. */
void ntb_ram_init(struct ntb_ram *ram, const struct idtntb_frontend_ops *ops, void *opaque);
void ntb_ram_destroy(struct ntb_ram *ram);

/*
 * Replace the ranges. changed tells whether they are others than before. On failure there are none.
 */
int ntb_ram_set(struct ntb_ram *ram, const struct idtntb_ram_range *ranges, size_t count, bool *changed,
		struct idtntb_error *error);

/* Whether the two below do without the frontend; the lock is held by the caller. */
bool ntb_ram_direct(const struct ntb_ram *ram, uint64_t address, size_t size);
/*
 * Copy into or out of the RAM; the lock is held by the caller. Accesses of 1, 2, 4 and 8 bytes that are aligned are
 * one access, as on a bus. What lies in no range and is refused by the frontend is not written, and makes a read fail.
 */
bool ntb_ram_write(const struct ntb_ram *ram, uint64_t address, const void *data, size_t size);
bool ntb_ram_read(const struct ntb_ram *ram, uint64_t address, void *data, size_t size);

#endif
