/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory that the processes of a switch share: a file that everybody maps. */
#ifndef NTB_MEMORY_H
#define NTB_MEMORY_H

#include <idtntb.h>

#include <sys/types.h>

struct ntb_memory {
	int fd; /* an open file description of our own: locks belong to it */
	void *base;
	size_t size;
	dev_t dev;
	ino_t ino;
};

void ntb_memory_init(struct ntb_memory *memory);
/* Open the file again that a descriptor stands for, for locks; nothing is mapped yet. */
int ntb_memory_open(struct ntb_memory *memory, int fd, struct idtntb_error *error);
/* Map what a switch can need of it, by a descriptor of another description: a mapping keeps its description, and that its locks. */
int ntb_memory_map(struct ntb_memory *memory, int fd, struct idtntb_error *error);
/* Both, for a descriptor that becomes ours, whatever happens. */
int ntb_memory_adopt(struct ntb_memory *memory, int fd, struct idtntb_error *error);
/* Undo the mapping alone. */
void ntb_memory_unmap(struct ntb_memory *memory);
void ntb_memory_drop(struct ntb_memory *memory);
bool ntb_memory_same(const struct ntb_memory *a, const struct ntb_memory *b);

/* Whether the memory suffices; and pages that a full file system would not give later are asked for now. */
int ntb_memory_reserve(const struct ntb_memory *memory, unsigned ports, struct idtntb_error *error);
/*
 * Make a block there of a topology, or of a saved switch, unless a finished one is there. The lock for joining is held.
 */
int ntb_memory_format(struct ntb_memory *memory, const struct idtntb_topology *topology, struct idtntb_error *error);
int ntb_memory_load(struct ntb_memory *memory, const struct idtntb_switch *sw, struct idtntb_error *error);

#endif
