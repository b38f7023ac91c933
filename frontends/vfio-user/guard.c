/* SPDX-License-Identifier: BSD-3-Clause */
#include "guard.h"

#include <idtntb.h>

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* For each port its windows and the files of its client (memory.h). */
#define GUARDS (IDTNTB_PORTS * 128)

enum { FREE, TAKEN, ACTIVE };

/* Read by a signal handler: every member is atomic, state is written last, and use before base and size. */
struct guard {
	_Atomic int state;
	_Atomic unsigned use; /* how often it has been taken */
	_Atomic uintptr_t base;
	_Atomic size_t size;
	_Atomic int eventfd;
	_Atomic bool broken;
};

static struct guard guards[GUARDS];

/* Guards of other threads come and go meanwhile; that of the mapping at the address stays, and no other has it. */
static struct guard *find(uintptr_t address)
{
	for (unsigned i = 0; i < GUARDS; i++) {
		struct guard *guard = &guards[i];
		const unsigned use = guard->use;

		if (guard->state == ACTIVE && address - guard->base < guard->size && guard->use == use)
			return guard;
	}
	return NULL;
}

/* The whole mapping, because a file of huge pages cannot be replaced by halves. Only calls that a handler may make. */
static void on_bus_error(int signal, siginfo_t *info, void *context)
{
	struct guard *guard = find((uintptr_t)info->si_addr);
	const uint64_t one = 1;
	const int error = errno;

	(void)context;
	/* An address of nobody's, or no memory to put there: the default action, when the access is tried again. */
	if (!guard || mmap((void *)guard->base, guard->size, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0) == MAP_FAILED) {
		sigaction(signal, &(struct sigaction){ .sa_handler = SIG_DFL }, NULL);
		return;
	}
	atomic_store(&guard->broken, true);
	/* An eventfd whose counter is full has been heard. */
	if (guard->eventfd >= 0 && write(guard->eventfd, &one, sizeof(one)) < 0)
		errno = error;
	errno = error;
}

int guard_install(void)
{
	struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };

	sigemptyset(&action.sa_mask);
	return sigaction(SIGBUS, &action, NULL) ? -errno : 0;
}

struct guard *guard_add(void *base, size_t size, int eventfd)
{
	for (unsigned i = 0; i < GUARDS; i++) {
		struct guard *guard = &guards[i];
		int expected = FREE;

		if (!atomic_compare_exchange_strong(&guard->state, &expected, TAKEN))
			continue;
		guard->use++;
		guard->base = (uintptr_t)base;
		guard->size = size;
		guard->eventfd = eventfd;
		guard->broken = false;
		atomic_store(&guard->state, ACTIVE);
		return guard;
	}
	return NULL;
}

bool guard_broken(const struct guard *guard)
{
	return atomic_load(&guard->broken);
}

void guard_remove(struct guard *guard)
{
	if (guard)
		atomic_store(&guard->state, FREE);
}
