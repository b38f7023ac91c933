/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Windows by copy: the accesses of one port to the RAM of another go through a ring of their own, and a thread in the
 * process that owns the RAM carries them out. Neither side takes a lock of the other, and no side takes a lock of its
 * VMM for the other, so two hosts may read each other's windows at once.
 *
 * Writes are posted. A read waits for its answer, and follows the writes before it. A peer that does not answer or does
 * not make room costs one bounded wait; until it moves again, accesses fail at once.
 *
 * RAM that only the frontend can reach (memory_read in idtntb-transport.h) is the owner's own thread to copy: the copier
 * leaves that entry and what follows it in the ring, and calls for the owner. An owner that waits for a peer meanwhile
 * serves its rings between two looks.
 */
#ifndef NTB_COPY_H
#define NTB_COPY_H

#include "layout.h"
#include "ram.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Whose copies they are; all get the opaque of ntb_copy_init(). */
struct ntb_copy_ops {
	/* Whether it makes sense to wait for port index d. */
	bool (*alive)(void *opaque, unsigned d);
	/*
	 * Have the owner drain the rings soon, and look at what was refused: somebody has asked for RAM that there is not,
	 * for the 1st to 4th, 8th, 16th ... time. From the copying thread too.
	 */
	void (*call_owner)(void *opaque);
	/* As in struct idtntb_frontend_ops, or does nothing. */
	void (*waiting)(void *opaque);
};

struct ntb_copy {
	void *memory; /* NULL while stopped */
	unsigned ports, slot;
	struct ntb_ram *ram;
	const struct ntb_copy_ops *ops;
	void *opaque;

	/* As a sender: used by the owner's thread only. */
	struct ntb_sender {
		uint32_t tail;
		uint32_t head; /* of the receiver, as last seen and found plausible */
		uint32_t sequence; /* of the newest read, 31 bits */
		bool no_answer; /* to that read: fail until it comes */
		bool no_room; /* fail until there is some */
	} to[IDTNTB_PORTS];

	/* As a receiver: heads are advanced under the RAM's lock, after the entry has been carried out. */
	_Atomic uint32_t heads[IDTNTB_PORTS];
	_Atomic uint32_t replies[IDTNTB_PORTS]; /* the newest answer to each, as published */
	_Atomic uint64_t refused; /* accesses to where there is no RAM of ours */
	_Atomic uint64_t refused_address; /* of the last */
	_Atomic uint32_t refused_from; /* index of the port it came from */
	_Atomic uint32_t nonsense; /* bit per sender whose ring held what no sender writes */
	_Atomic uint32_t owed; /* bit per sender whose ring waits for the owner's thread; set under the RAM's lock */
	atomic_bool admit; /* PCICMD.BME of the own port: else what comes is dropped, as a bus would */
	atomic_bool stop;
	pthread_t thread;
};

void ntb_copy_init(struct ntb_copy *copy, struct ntb_ram *ram, const struct ntb_copy_ops *ops, void *opaque);

/* Serve and send in this memory, as this port. Whatever the last owner of the port left in its rings is dropped. */
int ntb_copy_start(struct ntb_copy *copy, void *memory, unsigned ports, unsigned slot);
/* Ends the thread. Allowed when stopped. */
void ntb_copy_stop(struct ntb_copy *copy);

/* Let copies in or not. */
void ntb_copy_admit(struct ntb_copy *copy, bool admit);
/* Carry out all that peers had sent in full before this call, on the owner's thread. A few loads when that is nothing. */
void ntb_copy_drain(struct ntb_copy *copy);

/* Access the RAM of the port with index d. 0, or -errno when it did not happen. */
int ntb_copy_write(struct ntb_copy *copy, unsigned d, uint64_t address, const void *data, size_t size);
int ntb_copy_read(struct ntb_copy *copy, unsigned d, uint64_t address, void *data, size_t size);

/* For the receiving half (copy-serve.c). */
int ntb_copy_serve_start(struct ntb_copy *copy);
void ntb_copy_serve_stop(struct ntb_copy *copy);

#endif
