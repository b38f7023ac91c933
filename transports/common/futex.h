/* SPDX-License-Identifier: BSD-3-Clause */
/* Futexes on shared memory, and the clock that bounds every wait. */
#ifndef NTB_FUTEX_H
#define NTB_FUTEX_H

#include <linux/futex.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Nanoseconds of the monotonic clock. */
static inline int64_t ntb_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

#define NTB_MS INT64_C(1000000)

/* Sleep while *word is value, at most ns nanoseconds. May return early for no reason. */
static inline void ntb_futex_wait(_Atomic uint32_t *word, uint32_t value, int64_t ns)
{
	const struct timespec timeout = { .tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000 };

	syscall(SYS_futex, word, FUTEX_WAIT, value, &timeout, NULL, 0);
}

/* All who sleep on it: one that has no business there must not take the only wake-up. */
static inline void ntb_futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

#endif
