/* SPDX-License-Identifier: BSD-3-Clause */
/* What the benchmark of the daemon compares. */
#ifndef BENCH_URING_H
#define BENCH_URING_H

#include "figures.h"
#include "hosts.h"

#include <stdbool.h>
#include <sys/types.h>

struct bench {
	pid_t server;
	void (*ring)(struct bench *bench); /* post one doorbell */
	void (*ask)(struct bench *bench); /* a read and its answer; all that was posted has been done then */
	void (*write)(struct bench *bench, const void *data, size_t size); /* post window data */
	/* uring */
	struct bench_host host, peer;
	void *ram;
	char directory[64];
	/* epoll */
	int fd, epoll;
};

void bench_uring_open(struct bench *bench, const char *daemon, bool tcp);
void bench_epoll_open(struct bench *bench, bool tcp);
void bench_close(struct bench *bench);

#endif
