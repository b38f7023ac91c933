/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bare mechanisms, at the end of which is what a frontend's main loop does with any descriptor: it polls it, and reads
 * it when it is called for it.
 */
#include "wake.h"

#include <dirent.h>
#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <unistd.h>

void wake_pin(int core)
{
	DIR *tasks = opendir("/proc/self/task");
	cpu_set_t set;

	if (!tasks)
		wake_fail("/proc/self/task");
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	for (struct dirent *task; (task = readdir(tasks));) {
		if (task->d_name[0] != '.' && sched_setaffinity(atoi(task->d_name), sizeof(set), &set))
			wake_fail("sched_setaffinity");
	}
	closedir(tasks);
}

/* When the eventfd is rung. */
static int64_t wait_for(int fd)
{
	struct pollfd poll_fd = { fd, POLLIN, 0 };
	uint64_t count;

	if (poll(&poll_fd, 1, 5000) != 1 || read(fd, &count, sizeof(count)) != sizeof(count))
		wake_fail("a wake-up that did not come");
	return wake_now();
}

static void write_to(int fd)
{
	const uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		wake_fail("eventfd");
}

void wake_eventfds(struct side *side)
{
	for (unsigned i = 0; i < 2; i++)
		if ((side->eventfds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) < 0)
			wake_fail("eventfd");
}

static void eventfd_ring(struct side *side)
{
	write_to(side->eventfds[side->first]);
}

static int64_t eventfd_wait(struct side *side)
{
	return wait_for(side->eventfds[!side->first]);
}

const struct mechanism mechanism_eventfd = { "eventfd, bare", NULL, eventfd_ring, eventfd_wait, NULL };

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
			write_to(side->rung);
	}
	return NULL;
}

static void futex_prepare(struct side *side)
{
	side->rung = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (pthread_create(&side->sleeper, NULL, sleeper, side))
		wake_fail("thread");
}

static void futex_ring(struct side *side)
{
	_Atomic uint32_t *word = &side->words->futex[side->first];

	if (atomic_exchange(word, RUNG) == ASLEEP)
		syscall(SYS_futex, word, FUTEX_WAKE, 1, NULL, NULL, 0);
}

static int64_t futex_wait(struct side *side)
{
	return wait_for(side->rung);
}

/* Its sleeper ends with the process. */
const struct mechanism mechanism_futex = { "futex and sleeper, bare", futex_prepare, futex_ring, futex_wait, NULL };
