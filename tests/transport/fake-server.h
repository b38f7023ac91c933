/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An ivshmem server in a process of its own, protocol 0 as QEMU's contrib/ivshmem-server speaks it; well-behaved, or in one
 * of many ways not. It ends with the test.
 */
#ifndef FAKE_SERVER_H
#define FAKE_SERVER_H

#include <stddef.h>
#include <sys/types.h>

/* What it does wrong. */
enum vice {
	VICE_NONE,
	VICE_VERSION_1,
	VICE_VERSION_WITH_FD,
	VICE_ID_NEGATIVE,
	VICE_ID_HUGE,
	VICE_MEMORY_WITHOUT_FD,
	VICE_MEMORY_IS_A_PIPE,
	VICE_MEMORY_READ_ONLY,
	VICE_VECTOR_IS_A_FILE,
	VICE_TWO_FDS,
	VICE_MANY_FDS,
	VICE_HALF_A_WORD, /* then the end */
	VICE_END_AT_ONCE,
	VICE_SILENT,
	VICE_LAST_IN_GREETING = VICE_SILENT,
	/* After a good greeting: */
	VICE_PEER_ID_HUGE,
	VICE_PEER_IS_A_FILE,
	VICE_TOO_MANY_VECTORS,
	VICE_TOO_MANY_PEERS,
	VICE_WE_ARE_GONE,
	VICE_SECOND_MEMORY,
	VICE_FLOOD, /* of messages that are right, without end */
	VICES,
};

struct fake_server {
	char path[96];
	int memory; /* what it gives to its clients: ours, and kept over its restarts */
	pid_t pid;
	enum vice vice;
};

/* Memory of that size, a folder, a socket that listens. */
void fake_server_start(struct fake_server *server, size_t memory_size, enum vice vice);
/* SIGKILL, as a person or the kernel does it; and again, on the same socket. */
void fake_server_kill(struct fake_server *server);
void fake_server_restart(struct fake_server *server);
/* Give it other memory, for its next start. */
void fake_server_forget(struct fake_server *server, size_t memory_size);
void fake_server_end(struct fake_server *server);

#endif
