/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows by copy, the side whose RAM is accessed. */
#include "copy.h"

#include "futex.h"
#include "thread.h"

#include <errno.h>
#include <string.h>

/* Who was to wake the copier may have been killed just before: the others take it for awake then. */
#define SLEEP (1000 * NTB_MS)

static struct ntb_channel *from(const struct ntb_copy *copy, unsigned s)
{
	return ntb_layout_channel(copy->memory, copy->ports, s, copy->slot);
}

/* The header of the entry at a position, fetched once. */
static struct ntb_entry fetch(const struct ntb_channel *channel, uint32_t position)
{
	const uint8_t *at = channel->ring + (position % NTB_UNITS) * NTB_UNIT;
	struct ntb_entry entry;
	uint64_t words[2];

	for (unsigned i = 0; i < 2; i++)
		words[i] = __atomic_load_n((const uint64_t *)(const void *)(at + 8 * i), __ATOMIC_RELAXED);
	memcpy(&entry, words, sizeof(entry));
	return entry;
}

static bool carry_out_write(struct ntb_copy *copy, const struct ntb_channel *channel, uint32_t position,
			    const struct ntb_entry *entry)
{
	uint32_t at = (position + 1) % NTB_UNITS;
	size_t first = (NTB_UNITS - at) * NTB_UNIT;
	bool done;

	if (first >= entry->length)
		return ntb_ram_write(copy->ram, entry->address, channel->ring + at * NTB_UNIT, entry->length);
	done = ntb_ram_write(copy->ram, entry->address, channel->ring + at * NTB_UNIT, first);
	return ntb_ram_write(copy->ram, entry->address + first, channel->ring, entry->length - first) && done;
}

/* Note that sender s asked for what there is not. The RAM's lock is held, so there is one writer. */
static void refuse(struct ntb_copy *copy, unsigned s, uint64_t address)
{
	const uint64_t count = atomic_load(&copy->refused) + 1;

	atomic_store(&copy->refused_address, address);
	atomic_store(&copy->refused_from, s);
	atomic_store(&copy->refused, count);
	if (count <= 4 || !(count & (count - 1)))
		copy->ops->call_owner(copy->opaque);
}

/* Answer a read; done tells whether with data. */
static void reply(struct ntb_copy *copy, unsigned s, uint32_t sequence, bool done)
{
	struct ntb_channel *channel = from(copy, s);
	const uint32_t word = sequence << 1 | done;

	atomic_store(&copy->replies[s], word);
	atomic_store(&channel->answered, word);
	if (atomic_load(&channel->waiting) == NTB_WAIT_ANSWER)
		ntb_futex_wake(&channel->answered);
}

/*
 * Leave the ring of sender s to the owner. It may be waiting for one of the peers itself: a wake-up that does not change the
 * word it sleeps on has it look around.
 */
static void leave(struct ntb_copy *copy, unsigned s)
{
	atomic_fetch_or(&copy->owed, 1u << s);
	copy->ops->call_owner(copy->opaque);
	for (unsigned d = 0; d < copy->ports; d++) {
		struct ntb_channel *channel = ntb_layout_channel(copy->memory, copy->ports, copy->slot, d);
		const uint32_t waiting = d == copy->slot ? NTB_WAIT_NOTHING : atomic_load(&channel->waiting);

		if (waiting == NTB_WAIT_ANSWER)
			ntb_futex_wake(&channel->answered);
		else if (waiting == NTB_WAIT_SPACE)
			ntb_futex_wake(&channel->head);
	}
}

/*
 * Carry out what is in the ring of sender s now, or as much as this thread can; the RAM's lock is held. What no sender
 * writes makes the rest worthless: it is skipped. The end is read once, so that a sender who goes on cannot keep us here,
 * and after the ring is no more owed: what comes later is the copier's again.
 */
static void serve(struct ntb_copy *copy, unsigned s, bool owner)
{
	struct ntb_channel *channel = from(copy, s);
	uint32_t until, head = atomic_load(&copy->heads[s]), there;

	if (owner)
		atomic_fetch_and(&copy->owed, ~(1u << s));
	until = atomic_load(&channel->tail);
	while ((there = until - head)) {
		const struct ntb_entry entry = fetch(channel, head);
		const bool admit = atomic_load(&copy->admit);
		bool good = there <= NTB_UNITS && entry.length && entry.length <= NTB_CHUNK;
		uint32_t units = 1;

		if (good && admit && !owner && !ntb_ram_direct(copy->ram, entry.address, entry.length)) {
			leave(copy, s);
			break;
		}
		if (good && entry.kind == NTB_ENTRY_WRITE) {
			units += (entry.length + NTB_UNIT - 1) / NTB_UNIT;
			good = units <= there;
			if (good && admit && !carry_out_write(copy, channel, head, &entry))
				refuse(copy, s, entry.address);
		} else if (good && entry.kind == NTB_ENTRY_READ) {
			const bool done =
				admit && ntb_ram_read(copy->ram, entry.address, channel->answer, entry.length);

			if (admit && !done)
				refuse(copy, s, entry.address);
			reply(copy, s, entry.sequence, done);
		} else {
			good = false;
		}
		if (!good) {
			atomic_fetch_or(&copy->nonsense, 1u << s);
			units = there;
		}
		head += units;
		atomic_store(&copy->heads[s], head);
		atomic_store(&channel->head, head);
	}
	/* Not before: a sender that is woken for each entry gets to push no more than one. */
	if (atomic_load(&channel->waiting) == NTB_WAIT_SPACE)
		ntb_futex_wake(&channel->head);
}

/*
 * Whether there is nothing to do about the ring of sender s. One that is owed is the owner's alone; also when it is empty:
 * somebody may have emptied it by a store, and it would be owed for ever.
 */
static bool nothing(struct ntb_copy *copy, unsigned s, bool owner)
{
	if (atomic_load(&copy->owed) & 1u << s)
		return !owner;
	return atomic_load(&from(copy, s)->tail) == atomic_load(&copy->heads[s]);
}

/* Look at every ring once. Returns whether there was anything. */
static bool serve_all(struct ntb_copy *copy, bool owner)
{
	bool any = false;

	for (unsigned s = 0; s < copy->ports; s++) {
		if (s == copy->slot || nothing(copy, s, owner))
			continue;
		any = true;
		pthread_mutex_lock(&copy->ram->lock);
		serve(copy, s, owner);
		pthread_mutex_unlock(&copy->ram->lock);
	}
	return any;
}

void ntb_copy_drain(struct ntb_copy *copy)
{
	if (copy->memory)
		serve_all(copy, true);
}

void ntb_copy_admit(struct ntb_copy *copy, bool admit)
{
	if (atomic_load(&copy->admit) == admit)
		return;
	/* What came before the guest took the bus away is carried out before its store completes, and nothing later. */
	if (!admit)
		ntb_copy_drain(copy);
	atomic_store(&copy->admit, admit);
}

/*
 * Put right what somebody has scribbled over, since the sender waits for it: the published words, and the answer to a read
 * whose entry was lost. An entry is pushed before its request is published, so that a request and an empty ring mean that
 * it has been answered, or lost.
 */
static void repair(struct ntb_copy *copy, unsigned s)
{
	struct ntb_channel *channel = from(copy, s);
	const uint32_t request = atomic_load(&channel->request) & INT32_MAX;
	const uint32_t ahead = (request - (atomic_load(&copy->replies[s]) >> 1)) & INT32_MAX;

	if (atomic_load(&channel->tail) != atomic_load(&copy->heads[s]))
		return;
	/* The last but one is no loss: the newest was answered before its request was published. */
	if (ahead && ahead != INT32_MAX)
		reply(copy, s, request, false);
	if (atomic_load(&channel->answered) == atomic_load(&copy->replies[s]) &&
	    atomic_load(&channel->head) == atomic_load(&copy->heads[s]))
		return;
	atomic_store(&channel->head, atomic_load(&copy->heads[s]));
	ntb_futex_wake(&channel->head);
	atomic_store(&channel->answered, atomic_load(&copy->replies[s]));
	ntb_futex_wake(&channel->answered);
}

/* Whether all rings are empty, or the owner's. */
static bool idle(struct ntb_copy *copy)
{
	for (unsigned s = 0; s < copy->ports; s++) {
		if (s == copy->slot)
			continue;
		pthread_mutex_lock(&copy->ram->lock);
		repair(copy, s);
		pthread_mutex_unlock(&copy->ram->lock);
		if (!nothing(copy, s, false))
			return false;
	}
	return true;
}

static void *copier(void *opaque)
{
	struct ntb_copy *copy = opaque;
	_Atomic uint32_t *asleep = ntb_layout_asleep(copy->memory, copy->slot);

	while (!atomic_load(&copy->stop)) {
		if (serve_all(copy, false))
			continue;
		/* Announce first, look again after: a sender pushes first and looks for the announcement after. */
		atomic_store(asleep, 1);
		if (idle(copy) && !atomic_load(&copy->stop))
			ntb_futex_wait(asleep, 1, SLEEP);
		atomic_store(asleep, 0);
	}
	return NULL;
}

int ntb_copy_serve_start(struct ntb_copy *copy)
{
	for (unsigned s = 0; s < copy->ports; s++) {
		struct ntb_channel *channel = from(copy, s);
		uint32_t tail = atomic_load(&channel->tail);

		if (s == copy->slot)
			continue;
		/* A sender that waits for the answer of a dead owner gets its refusal now. */
		atomic_store(&copy->heads[s], tail);
		atomic_store(&channel->head, tail);
		reply(copy, s, atomic_load(&channel->request), false);
		ntb_futex_wake(&channel->head);
	}
	atomic_store(&copy->nonsense, 0);
	atomic_store(&copy->owed, 0);
	atomic_store(&copy->stop, false);
	return ntb_thread_start(&copy->thread, copier, copy, "idtntb-copy");
}

void ntb_copy_serve_stop(struct ntb_copy *copy)
{
	_Atomic uint32_t *asleep = ntb_layout_asleep(copy->memory, copy->slot);
	struct timespec until;

	atomic_store(&copy->stop, true);
	/* Again and again: the word is anybody's, and may send the thread back to sleep just after the first wake-up. */
	do {
		atomic_store(asleep, 0);
		ntb_futex_wake(asleep);
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += 5 * NTB_MS;
		if (until.tv_nsec >= 1000000000) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000;
		}
	} while (pthread_timedjoin_np(copy->thread, NULL, &until));
}
