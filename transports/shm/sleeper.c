/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wake-ups by futex. Each port has a word in the shared memory: its owner's thread sleeps on it and turns it into an
 * eventfd that nobody else holds. A setter exchanges the word, and calls the kernel only when the sleeper has said that
 * it sleeps. Anybody can write the word; what that can do is to ring, to hold a wake-up up until the next look, or to lose
 * it. One who is killed before the call to the kernel holds it up, no longer.
 *
 * The same thread looks once a second whether an owner has died. It touches nothing of the attachment but what is set
 * before it starts: to sweep is left to the frontend's thread.
 */
#include "shm.h"

#include "../common/error.h"
#include "../common/futex.h"
#include "../common/layout.h"
#include "../common/lock.h"
#include "../common/thread.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define LOOK (1000 * NTB_MS)
#define LOOK_OFTEN (20 * NTB_MS)
#define HURRY (2000 * NTB_MS) /* a dying process gives its memory back before its locks */

enum { AWAKE, ASLEEP, RUNG }; /* anything else counts as rung */

static void ring(struct shm *shm)
{
	const uint64_t one = 1;

	/* It is never read but edge-triggered: 2^64 of them are a long time. */
	if (write(shm->bell, &one, sizeof(one)) < 0)
		return;
}

/* Whether a port has an owner whose process is gone. */
static bool somebody_died(const struct shm *shm)
{
	const struct idtntb_topology *topology = idtntb_switch_topology(shm->sw);

	for (unsigned slot = 0; slot < topology->port_count; slot++) {
		struct idtntb_member member;

		if (slot != shm->slot && !idtntb_switch_member(shm->sw, topology->ports[slot].port, &member) &&
		    member.owner && ntb_lock_free(shm->memory.fd, NTB_LOCK_SLOT(slot)))
			return true;
	}
	return false;
}

/* @return when to look again. */
static int64_t look(struct shm *shm, int64_t now)
{
	const bool died = somebody_died(shm), tick = atomic_exchange(&shm->tick, false);

	if (died)
		atomic_store(&shm->sweep, true);
	if (died || tick)
		ring(shm);
	return now + LOOK;
}

static void *sleeper(void *opaque)
{
	struct shm *shm = opaque;
	_Atomic uint32_t *word = ntb_layout_bell(shm->memory.base, shm->slot);
	int64_t look_at = ntb_now() + LOOK;

	while (!atomic_load(&shm->stop)) {
		uint32_t seen = AWAKE;
		int64_t now;

		if (atomic_compare_exchange_strong(word, &seen, ASLEEP)) {
			now = ntb_now();
			if (now < atomic_load(&shm->hurry) && look_at > now + LOOK_OFTEN)
				look_at = now + LOOK_OFTEN;
			if (now < look_at)
				ntb_futex_wait(word, ASLEEP, look_at - now);
		}
		/* What a killed predecessor left in the word is no ring; one too many would not matter either. */
		seen = atomic_exchange(word, AWAKE);
		if (seen != AWAKE && seen != ASLEEP)
			ring(shm);
		now = ntb_now();
		if (now >= look_at)
			look_at = look(shm, now);
	}
	return NULL;
}

int ntb_shm_sleeper_start(struct idtntb_attachment *a, struct idtntb_error *error)
{
	struct shm *shm = shm_of(a);
	int ret = ntb_open_switch(&shm->sw, shm->memory.base, shm->memory.size, error);

	if (ret)
		return ret;
	ret = ntb_watch(a, shm->bell, EPOLLIN | EPOLLET, TAG_BELL);
	if (!ret)
		ret = ntb_thread_start(&shm->sleeper, sleeper, shm, "idtntb-bell");
	if (ret)
		return ntb_fail(error, ret, "thread that waits for peers: %s", strerror(-ret));
	shm->sleeps = true;
	return 0;
}

/* Have the sleeper go round once. */
static void rouse(struct shm *shm)
{
	_Atomic uint32_t *word = ntb_layout_bell(shm->memory.base, shm->slot);

	atomic_store(word, RUNG);
	ntb_futex_wake(word);
}

void ntb_shm_sleeper_stop(struct shm *shm)
{
	if (shm->sleeps) {
		atomic_store(&shm->stop, true);
		/* Once suffices: should somebody send it to sleep again, it wakes with its next look. */
		rouse(shm);
		pthread_join(shm->sleeper, NULL);
	}
	shm->sleeps = false;
	idtntb_switch_close(shm->sw);
	shm->sw = NULL;
}

void ntb_shm_hurry(struct shm *shm)
{
	atomic_store(&shm->hurry, ntb_now() + HURRY);
	rouse(shm);
}

void ntb_shm_ring(void *memory, uint32_t slots)
{
	for (unsigned slot = 0; slots >> slot; slot++) {
		_Atomic uint32_t *word;

		if (!(slots & 1u << slot))
			continue;
		word = ntb_layout_bell(memory, slot);
		if (atomic_exchange(word, RUNG) == ASLEEP)
			ntb_futex_wake(word);
	}
}

void ntb_shm_kick(struct idtntb_attachment *a, uint32_t slots)
{
	ntb_shm_ring(shm_of(a)->memory.base, slots);
}
