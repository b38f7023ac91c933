/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bare mechanisms in one machine's memory, at the end of which is what a frontend's main loop does with any descriptor: it
 * polls it, and reads it when it is called for it.
 */
#include "wake.h"

#include <linux/futex.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LAST (UINT64_C(1) << 32) /* in the count of an eventfd */

/* What the eventfd counts, when it is rung. */
static uint64_t wait_for(int fd)
{
	struct pollfd poll_fd = { fd, POLLIN, 0 };
	uint64_t count;

	if (poll(&poll_fd, 1, 5000) != 1 || read(fd, &count, sizeof(count)) != sizeof(count))
		bench_fail("a wake-up that did not come");
	return count;
}

static void write_to(int fd, uint64_t count)
{
	if (write(fd, &count, sizeof(count)) != sizeof(count))
		bench_fail("eventfd");
}

void wake_eventfds(struct side *side)
{
	for (unsigned i = 0; i < 2; i++)
		if ((side->eventfds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
			bench_fail("eventfd");
}

static void eventfd_ring(const struct mechanism *mechanism, struct side *side, bool last)
{
	(void)mechanism;
	write_to(side->eventfds[side->first], last ? LAST : 1);
}

static int64_t eventfd_wait(const struct mechanism *mechanism, struct side *side)
{
	(void)mechanism;
	while (wait_for(side->eventfds[!side->first]) < LAST)
		;
	return bench_now();
}

const struct mechanism mechanism_eventfd = { .name = "eventfd, bare", .ring = eventfd_ring, .wait = eventfd_wait };

/* ---------------------------------------------------------------- futex */

enum { AWAKE, ASLEEP, RUNG };

static void *sleeper(void *opaque)
{
	struct side *side = opaque;
	_Atomic uint32_t *word = &side->words->futex[!side->first];

	for (;;) {
		uint32_t seen = AWAKE;

		if (atomic_compare_exchange_strong(word, &seen, ASLEEP))
			syscall(SYS_futex, word, FUTEX_WAIT, ASLEEP, NULL, NULL, 0);
		if (atomic_exchange(word, AWAKE) == RUNG)
			write_to(side->rung, 1);
	}
	return NULL;
}

static void futex_prepare(const struct mechanism *mechanism, struct side *side)
{
	(void)mechanism;
	side->rung = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pthread_create(&side->sleeper, NULL, sleeper, side))
		bench_fail("thread");
}

static void futex_ring(const struct mechanism *mechanism, struct side *side, bool last)
{
	_Atomic uint32_t *word = &side->words->futex[side->first];

	(void)mechanism;
	if (last)
		atomic_store(&side->words->last[side->first], 1);
	if (atomic_exchange(word, RUNG) == ASLEEP)
		syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

/* A wake-up may be left for the next time, when the last ring was seen before its own: then there is no last one yet. */
static int64_t futex_wait(const struct mechanism *mechanism, struct side *side)
{
	(void)mechanism;
	do
		wait_for(side->rung);
	while (!atomic_exchange(&side->words->last[!side->first], 0));
	return bench_now();
}

/* Its sleeper ends with the process. */
const struct mechanism mechanism_futex = {
	.name = "futex and sleeper, bare", .prepare = futex_prepare, .ring = futex_ring, .wait = futex_wait
};
