/* SPDX-License-Identifier: BSD-3-Clause */
/* What the benchmark of wake-ups compares: ways by which one process wakes another. */
#ifndef BENCH_WAKE_H
#define BENCH_WAKE_H

#include <idtntb-transport.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

/* In memory that both processes share. */
struct shared_words {
	_Alignas(64) _Atomic int64_t sent[2]; /* when the first, or the other, has rung last */
	_Alignas(64) _Atomic uint32_t futex[2]; /* on which the sleeper of the first, or the other, sleeps */
};

struct side {
	bool first;
	const char *directory; /* for sockets and files */
	int cores[2];
	struct shared_words *words;
	int eventfds[2]; /* of the first, and the other */
	int rung; /* eventfd that the own sleeper rings */
	pthread_t sleeper;
	struct bench_host {
		struct idtntb_attachment *attachment;
		int64_t interrupted; /* when the last interrupt came; 0: none yet */
	} hosts[2]; /* over ivshmem and over shm */
};

struct mechanism {
	const char *name;
	void (*prepare)(struct side *side); /* optional, as is finish */
	void (*ring)(struct side *side);
	/* Until it is rung; when that was. */
	int64_t (*wait)(struct side *side);
	void (*finish)(struct side *side);
};

extern const struct mechanism mechanism_eventfd, mechanism_futex, mechanism_ivshmem, mechanism_shm;

static inline int64_t wake_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Print why, and end. */
__attribute__((noreturn)) void wake_fail(const char *what);

/* All threads of this process to a core. */
void wake_pin(int core);
/* Before the processes part. */
void wake_eventfds(struct side *side);
pid_t wake_server(const struct side *side, const char *program);
void wake_clean_up(const struct side *side, pid_t server);

#endif
