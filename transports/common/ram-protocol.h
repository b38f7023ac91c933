/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The second socket of our ivshmem server, PATH.ram: guest-RAM descriptors pass from each client to all others.
 *
 * A SOCK_SEQPACKET Unix socket; every packet, both ways, is one struct ram_message cut after its last range, with one
 * descriptor (SCM_RIGHTS) for each range in order. Both ends distrust each other: a packet of another size, magic or
 * version, with too few or too many descriptors, closes the connection; all descriptors that came with it are closed.
 *
 *  - client -> server, first: the offer of its port (count may be 0). It binds the connection to that slot; a slot
 *    bound to a connection that is alive is refused by closing the second one.
 *  - client -> server, later: a new offer that replaces the last.
 *  - server -> client: the newest offer of each other slot, at first those that stand, then as they change; count 0
 *    when the offering connection has ended. Never the client's own.
 *
 * owner is the number of idtntb_port_attach(): a receiver uses an offer only while the member word of that slot names
 * the same owner, so that the RAM of a dead process is never mistaken for its successor's.
 */
#ifndef IDTNTB_RAM_PROTOCOL_H
#define IDTNTB_RAM_PROTOCOL_H

#include <stdint.h>

#define RAM_MAGIC 0x4d41524e /* "NRAM" little-endian */
#define RAM_VERSION 1
#define RAM_RANGES 32

struct ram_message {
	uint32_t magic;
	uint16_t version;
	uint16_t slot; /* index of the port in the topology */
	uint32_t owner;
	uint32_t count; /* ranges, and descriptors */
	struct {
		uint64_t address; /* bus address in the offering host */
		uint64_t size; /* bytes */
		uint64_t fd_offset; /* of the first byte in the descriptor */
	} ranges[RAM_RANGES];
};

#endif
