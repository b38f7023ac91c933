/* SPDX-License-Identifier: BSD-3-Clause */
/* What the benchmark of wake-ups compares: ways by which one process wakes another. */
#ifndef BENCH_WAKE_H
#define BENCH_WAKE_H

#include "figures.h"
#include "hosts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* The transports, and the bare sockets. */
enum { IVSHMEM, SHM, URING_UNIX, URING_TCP, TRANSPORTS };
enum { UNIX, UNIX_RELAYED, TCP, TCP_RELAYED, SOCKETS };

/* In memory that both processes share. */
struct shared_words {
	_Alignas(64) _Atomic int64_t sent[2]; /* when the first, or the other, has rung last */
	_Alignas(64) _Atomic uint32_t futex[2]; /* on which the sleeper of the first, or the other, sleeps */
	_Alignas(64) _Atomic uint32_t last[2]; /* it has been rung the last time */
};

struct side {
	bool first;
	struct shared_words *words;
	int eventfds[2]; /* of the first, and the other */
	int rung; /* eventfd that the own sleeper rings */
	pthread_t sleeper;
	int sockets[SOCKETS][2],
		epolls[SOCKETS]; /* ends of the first, and the other; what the own end is waited for with */
	char specs[TRANSPORTS][128];
	struct bench_host hosts[TRANSPORTS];
};

struct mechanism {
	const char *name;
	const struct mechanism *bare; /* what it is built on, or NULL */
	unsigned index; /* of the transport, or the socket */
	void (*prepare)(const struct mechanism *mechanism, struct side *side); /* optional, as is finish */
	/* Ring once; the last time the other side is to stop waiting. */
	void (*ring)(const struct mechanism *mechanism, struct side *side, bool last);
	/* Until it is rung the last time; when that was. */
	int64_t (*wait)(const struct mechanism *mechanism, struct side *side);
	void (*finish)(const struct mechanism *mechanism, struct side *side);
};

extern const struct mechanism mechanism_eventfd, mechanism_futex, mechanism_unix, mechanism_unix_relayed, mechanism_tcp,
	mechanism_tcp_relayed, mechanism_ivshmem, mechanism_shm, mechanism_uring_unix, mechanism_uring_tcp;

/* Before the processes part. */
void wake_eventfds(struct side *side);
void wake_sockets(struct side *side);

#endif
