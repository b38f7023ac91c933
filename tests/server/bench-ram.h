/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients of the second socket: offers of guest RAM (ram-protocol.h).
 */
#ifndef SERVER_BENCH_RAM_H
#define SERVER_BENCH_RAM_H

#include "bench.h"
#include "fds.h"

#include "../../transports/common/ram-protocol.h"

#define HEADER offsetof(struct ram_message, ranges)
#define RANGE sizeof(((struct ram_message *)0)->ranges[0])
#define MANY 64 /* descriptors a test may send in one packet */

int ram_connect(const struct fixture *fixture);

/* A message that is right, to be changed by who wants a wrong one, and memory that begins with a mark to go with it. */
struct ram_message ram_offer(unsigned slot, uint32_t owner, unsigned count);
int ram_memory(char mark);

void send_offer(int to, unsigned slot, uint32_t owner, unsigned count, char mark);

/* @return bytes, 0 at the end. *count descriptors came with it. */
ssize_t ram_packet(int from, struct ram_message *message, int fds[FDS_MAX], unsigned *count);
/* The next packet must be that offer. */
void expect_offer(int from, unsigned slot, uint32_t owner, unsigned count, char mark);
/* The server must end the connection, whatever comes before. */
void expect_ram_end(int from);

#endif
