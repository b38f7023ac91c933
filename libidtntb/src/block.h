/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The switch's state, as it lies in private memory or in memory shared by processes that may die or lie at any time.
 *
 * Rules: every fact that two hosts touch is one atomic word (seq_cst unless said); nobody holds a lock; no index, size
 * or owner read from here is believed without a check. What belongs to a port's owner is its private memory (port.h) and
 * only published here: the owner never acts on its own values read back.
 */
#ifndef IDT_BLOCK_H
#define IDT_BLOCK_H

#include <idtntb.h>
#include <stdatomic.h>

#define BLOCK_MAGIC 0x31425449444E5449ull /* a finished block; stored last */
#define BLOCK_LAYOUT 2u /* grows with every change of these structures */

typedef _Atomic uint32_t atomic_u32;
typedef _Atomic uint64_t atomic_u64;

/*
 * member: bits 31:0 owner, 62:32 generation, 63 up.
 * forced: bit 0 link forced down, 31:1 a count of changes.
 * poke: bits 31:0 value, 47:32 address in dwords, 63:48 ticket, 0 when nothing was ever asked. poke_answer: bits 31:0 an
 * enum poke_answer, 47:32 the ticket that it is about.
 * message: bits 31:0 data, 39:32 source partition, 63:48 sequence. A register is full while its sequence differs from
 * the one in message_ack (16 bits for each register), which only the receiver's owner writes.
 */
struct block_port {
	atomic_u64 member;
	atomic_u32 bell;
	atomic_u32 forced;
	atomic_u32 indbellsts;
	atomic_u32 latch; /* the latched bits of NTINTSTS */
	atomic_u64 message_ack;
	atomic_u64 message[IDTNTB_MESSAGES];
	atomic_u64 poke; /* asked of the owner, by anybody */
	atomic_u64 poke_answer; /* of the owner */
	atomic_u32 lut[2][IDTNTB_LUT_ENTRIES][3]; /* published: BAR 2 and 4; LUTLDATA, LUTMDATA, LUTUDATA */
	atomic_u32 nt[IDTNTB_NT_SIZE / 4]; /* published: what is kept for each register */
} __attribute__((aligned(64)));

/* The topology, as it is written once and read once. */
struct block_topology {
	uint32_t device_id;
	uint32_t port_count;
	struct idtntb_port_setup ports[IDTNTB_PORTS];
	uint32_t godbellmsk[IDTNTB_DOORBELLS];
	uint32_t gidbellmsk[IDTNTB_DOORBELLS];
};

struct block {
	atomic_u64 magic;
	uint32_t layout;
	uint32_t size;
	struct block_topology topology;
	atomic_u32 epoch; /* grows when something changes that windows of others depend on */
	atomic_u32 temperature; /* half degrees */
	atomic_u32 mtbl[IDTNTB_MTBL_ENTRIES];
	atomic_u32 csr[(IDTNTB_GAS_SIZE - 0x3E000) / 4]; /* GAS[0x3E000-0x3FFFF] */
	struct block_port ports[IDTNTB_PORTS];
} __attribute__((aligned(64)));

_Static_assert(sizeof(struct idtntb_port_setup) == 28, "the setup of a port is a part of the layout");
_Static_assert(sizeof(struct block) <= 64 * 1024, "the state of an eight-port switch fits in 64 KiB");
_Static_assert(ATOMIC_INT_LOCK_FREE == 2 && ATOMIC_LLONG_LOCK_FREE == 2, "words are shared by processes");

#define MEMBER_UP (1ull << 63)
#define MEMBER_OWNER(word) ((uint32_t)(word))
#define MEMBER_GENERATION(word) ((uint32_t)((word) >> 32) & 0x7FFFFFFFu)

static inline uint64_t member_word(uint32_t owner, uint32_t generation, bool up)
{
	return owner | (uint64_t)(generation & 0x7FFFFFFFu) << 32 | (up ? MEMBER_UP : 0);
}

#define MESSAGE_DATA(word) ((uint32_t)(word))
#define MESSAGE_SOURCE(word) ((unsigned)((word) >> 32) & 0xFF)
#define MESSAGE_SEQUENCE(word) ((uint16_t)((word) >> 48))
#define ACK_SEQUENCE(ack, j) ((uint16_t)((ack) >> (16 * (j))))

static inline uint64_t message_word(uint32_t data, unsigned source, uint16_t sequence)
{
	return data | (uint64_t)source << 32 | (uint64_t)sequence << 48;
}

enum poke_answer { POKE_NONE, POKE_DONE, POKE_REFUSED };

#define POKE_VALUE(word) ((uint32_t)(word))
#define POKE_ADDRESS(word) ((uint32_t)((word) >> 32 & 0xFFFF) * 4)
#define POKE_TICKET(word) ((uint32_t)((word) >> 48))

static inline uint64_t poke_word(uint32_t value, uint32_t address, uint32_t ticket)
{
	return value | (uint64_t)(address / 4 & 0xFFFF) << 32 | (uint64_t)(ticket & 0xFFFF) << 48;
}

static inline uint64_t ack_with(uint64_t ack, unsigned j, uint16_t sequence)
{
	return (ack & ~(0xFFFFull << (16 * j))) | (uint64_t)sequence << (16 * j);
}

#endif
