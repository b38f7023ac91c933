/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What lies in the memory that the ports of a switch share, in a process or between processes:
 *
 *   0            the block of the switch (idtntb.h), rounded up to 64 KiB
 *   then         one line per port on which its copier thread sleeps, one per port on which its bell's thread sleeps
 *                (transports without eventfds), and a mark; 4 KiB in all
 *   then         N x N copy channels, from sender s to receiver d at index s * N + d
 *   then         the counters of each port (idtntb.h), for whoever looks
 *
 * Every word here may be written by a hostile process at any time. Nobody keeps truth in it: each side holds its own
 * counters in private memory and publishes them; what the other side publishes is bounded before use.
 */
#ifndef NTB_LAYOUT_H
#define NTB_LAYOUT_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define NTB_UNIT 16u /* bytes: ring positions count units, so that an entry's header never wraps */
#define NTB_UNITS 1024u /* of a ring; a power of two, so that 32-bit positions wrap well and can be futexes */
#define NTB_CHUNK 4096u /* bytes of data in one entry or answer at most */

/* What a sender waits for, in struct ntb_channel.waiting. */
enum { NTB_WAIT_NOTHING, NTB_WAIT_SPACE, NTB_WAIT_ANSWER };

/* What an entry asks for. */
enum { NTB_ENTRY_WRITE = 1, NTB_ENTRY_READ = 2 };

/* One unit before the data of a write. */
struct ntb_entry {
	uint16_t kind;
	uint16_t length; /* bytes */
	uint32_t sequence; /* of a read */
	uint64_t address; /* in the receiver's host */
};
_Static_assert(sizeof(struct ntb_entry) == NTB_UNIT, "an entry's header is one unit");

struct ntb_channel {
	/* written by the sender */
	_Alignas(64) _Atomic uint32_t tail; /* units ever pushed */
	_Atomic uint32_t request; /* sequence of the newest read */
	_Atomic uint32_t waiting;
	/* written by the receiver */
	_Alignas(64) _Atomic uint32_t head; /* units ever taken; a futex */
	_Alignas(64) _Atomic uint32_t answered; /* sequence of the newest answer << 1 | whether it has data; a futex */
	_Alignas(4096) uint8_t answer[NTB_CHUNK];
	/* written by the sender */
	_Alignas(4096) uint8_t ring[NTB_UNITS * NTB_UNIT];
};
_Static_assert(sizeof(struct ntb_channel) == 24 * 1024, "channels are a part of the layout");

/* Bytes of shared memory a switch with that many ports needs. */
size_t ntb_layout_size(unsigned ports);
/* The channel from port index s to d; memory has at least ntb_layout_size(ports) bytes. */
struct ntb_channel *ntb_layout_channel(void *memory, unsigned ports, unsigned s, unsigned d);
/* The counters of port index d, a multiple of 4 KiB long. */
void *ntb_layout_counters(void *memory, unsigned ports, unsigned d);
/* The word on which the copier thread of port index d sleeps while it is 1. */
_Atomic uint32_t *ntb_layout_asleep(void *memory, unsigned d);
/* The word that wakes the owner of port index d, where no descriptor does (transports/shm). */
_Atomic uint32_t *ntb_layout_bell(void *memory, unsigned d);
/* By what a plain file with a switch is known, from before its block is made; and where in the file that is. */
_Atomic uint64_t *ntb_layout_mark(void *memory);
size_t ntb_layout_mark_at(void);

#endif
