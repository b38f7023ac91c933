/* SPDX-License-Identifier: BSD-3-Clause */
/* The transports: a doorbell as a guest rings it, and the interrupt as its frontend delivers it. */
#include "wake.h"

#include <poll.h>

/* A doorbell reaches all, its sender too: each rings bells of its own and masks those for itself. */
static uint32_t bell(bool first, bool last)
{
	return (first ? 1u : 4u) << last;
}

static void doorbell_prepare(const struct mechanism *mechanism, struct side *side)
{
	struct bench_host *host = &side->hosts[mechanism->index];

	bench_host_open(host, side->specs[mechanism->index], side->first ? 0 : 2, NULL, -1);
	bench_host_listen(host, bell(side->first, false) | bell(side->first, true));
}

static void doorbell_ring(const struct mechanism *mechanism, struct side *side, bool last)
{
	bench_write(&side->hosts[mechanism->index], OUTDBELLSET, bell(side->first, last));
}

static int64_t interrupt(struct bench_host *host)
{
	struct pollfd poll_fd = { idtntb_attachment_fd(host->attachment), POLLIN, 0 };
	int64_t when;

	while (!host->interrupted) {
		if (poll(&poll_fd, 1, 5000) != 1)
			bench_fail("an interrupt that did not come");
		idtntb_attachment_process(host->attachment);
	}
	when = host->interrupted;
	host->interrupted = 0;
	return when;
}

/* As a driver serves an interrupt: it clears the bells that were rung, until there are none: others in between give no interrupt. */
static int64_t doorbell_wait(const struct mechanism *mechanism, struct side *side)
{
	const uint32_t last = bell(!side->first, true), any = last | bell(!side->first, false);
	struct bench_host *host = &side->hosts[mechanism->index];

	for (;;) {
		const int64_t when = interrupt(host);
		uint32_t bells;

		while ((bells = bench_read(host, INDBELLSTS)) & any) {
			bench_write(host, INDBELLSTS, bells);
			if (bells & last)
				return when;
		}
	}
}

static void doorbell_finish(const struct mechanism *mechanism, struct side *side)
{
	bench_host_close(&side->hosts[mechanism->index]);
}

#define TRANSPORT(variable, text, number, bare_one)                                                                    \
	const struct mechanism variable = { .name = text,                                                              \
					    .bare = &bare_one,                                                         \
					    .index = number,                                                           \
					    .prepare = doorbell_prepare,                                               \
					    .ring = doorbell_ring,                                                     \
					    .wait = doorbell_wait,                                                     \
					    .finish = doorbell_finish }

TRANSPORT(mechanism_ivshmem, "doorbell over ivshmem", IVSHMEM, mechanism_eventfd);
TRANSPORT(mechanism_shm, "doorbell over shm", SHM, mechanism_futex);
TRANSPORT(mechanism_uring_unix, "doorbell over uring:unix", URING_UNIX, mechanism_unix_relayed);
TRANSPORT(mechanism_uring_tcp, "doorbell over uring:tcp", URING_TCP, mechanism_tcp_relayed);
