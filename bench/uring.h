/* SPDX-License-Identifier: BSD-3-Clause */
/* What the benchmark of the daemon compares. */
#ifndef BENCH_URING_H
#define BENCH_URING_H

#include <idtntb-transport.h>

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct bench {
	pid_t server;
	void (*ring)(struct bench *bench); /* post one doorbell */
	void (*ask)(struct bench *bench); /* a read and its answer; all that was posted has been done then */
	void (*write)(struct bench *bench, const void *data, size_t size); /* post window data */
	/* uring */
	struct idtntb_attachment *host, *peer;
	void *ram;
	char directory[64];
	/* epoll */
	int fd, epoll;
};

void bench_uring_open(struct bench *bench, const char *daemon, bool tcp);
void bench_epoll_open(struct bench *bench, bool tcp);
void bench_close(struct bench *bench);

__attribute__((noreturn)) void bench_fail(const char *what);

static inline int64_t bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

#endif
