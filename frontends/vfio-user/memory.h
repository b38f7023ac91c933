/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A client's RAM: what its DMA_MAP and DMA_UNMAP messages say, as ranges that peers' windows may reach.
 *
 * libvfio-user's DMA callback does not carry the descriptor, so it is taken out of the message at the gate, mapped here,
 * and joined with the callback, which says whether libvfio-user has accepted the range. A file is mapped once and
 * whole: the many ranges a VMM cuts its RAM into at boot are then neighbours in this process too, and become few again.
 */
#ifndef IDTNTB_VFIO_USER_MEMORY_H
#define IDTNTB_VFIO_USER_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define MEMORY_FILES 32 /* of one client */
#define MEMORY_REGIONS 4096 /* DMA ranges of one client */
#define MEMORY_BYTES (1ull << 43) /* mapped for one client: 8 ports of it fit into an address space */

struct gate_dma_map;
struct guard;
struct port;

struct memory_file {
	int fd; /* -1: not in use */
	dev_t dev;
	ino_t ino;
	uint8_t *base;
	uint64_t size;
	struct guard *guard;
	unsigned users;
};

struct memory_region {
	uint64_t address, size, offset;
	struct memory_file *file;
};

struct memory {
	struct memory_file files[MEMORY_FILES];
	struct memory_region *regions; /* in the order of their addresses */
	size_t count;
	struct memory_region staged; /* of the message in hand; no file: none */
	bool overflow_said;
};

int memory_open(struct port *port);
void memory_close(struct port *port);
/*
 * Take the descriptor of a DMA_MAP message; it is closed here in any case. @return whether the message may be handed on,
 * else it is to be answered with an error and a line has been written.
 */
bool memory_stage(struct port *port, const struct gate_dma_map *map, int fd);
/* The message has been handled. */
void memory_unstage(struct port *port);
/* libvfio-user's callbacks. */
void memory_registered(struct port *port, uint64_t address, uint64_t size);
void memory_unregistered(struct port *port, uint64_t address, uint64_t size);
/*
 * Whether a file lies in memory. A page fault in another may wait for a disk, a network, or for whoever plays it (FUSE),
 * and would hold up all ports.
 */
bool memory_is_memory(int fd);
/* Whether the client has cut a file short that is in use. */
bool memory_broken(const struct port *port);

#endif
