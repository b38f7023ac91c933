/* SPDX-License-Identifier: BSD-3-Clause */
/* Windows by copy, the side that accesses. */
#include "copy.h"

#include "futex.h"

#include <errno.h>
#include <string.h>

/*
 * For all of one access. Only a peer that lives and does not run costs this, and once: on a busy machine its thread may
 * well be kept waiting for a good part of a second, and what is given up too early is a guest's data. But who waits for us
 * must not give up first: QEMU's vfio-user client does after 5 s, and its guest has lost the device then.
 */
#define PATIENCE (3000 * NTB_MS)
#define SLICE (50 * NTB_MS) /* between looks whether the peer is still there */
#define SPINS 200 /* looks at an answer before sleeping for it: about as long as waking the other side takes */

void ntb_copy_init(struct ntb_copy *copy, struct ntb_ram *ram, const struct ntb_copy_ops *ops, void *opaque)
{
	memset(copy, 0, sizeof(*copy));
	copy->ram = ram;
	copy->ops = ops;
	copy->opaque = opaque;
}

static void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
	__builtin_ia32_pause();
#endif
}

static void wake_receiver(struct ntb_copy *copy, unsigned d)
{
	_Atomic uint32_t *asleep = ntb_layout_asleep(copy->memory, d);

	if (atomic_load(asleep) && atomic_exchange(asleep, 0))
		ntb_futex_wake(asleep);
}

/* The same when it seems to have missed something: the word on which it sleeps may have been scribbled over. */
static void rouse_receiver(struct ntb_copy *copy, unsigned d)
{
	_Atomic uint32_t *asleep = ntb_layout_asleep(copy->memory, d);

	atomic_store(asleep, 0);
	ntb_futex_wake(asleep);
}

int ntb_copy_start(struct ntb_copy *copy, void *memory, unsigned ports, unsigned slot)
{
	int ret;

	copy->memory = memory;
	copy->ports = ports;
	copy->slot = slot;
	for (unsigned d = 0; d < ports; d++) {
		struct ntb_channel *channel = ntb_layout_channel(memory, ports, slot, d);
		struct ntb_sender *to = &copy->to[d];

		if (d == slot)
			continue;
		/*
		 * The receiver may live on from the last owner's time and count from what that one has published, so
		 * counting goes on from there. If it is nonsense the receiver notices when it is woken, and follows.
		 * That one may have died between the entry of its next read and the request for it: a number further on,
		 * or its answer would be taken for ours.
		 */
		memset(to, 0, sizeof(*to));
		to->tail = atomic_load(&channel->tail);
		to->head = to->tail - NTB_UNITS; /* unknown: look before the first push */
		to->sequence = (atomic_load(&channel->request) + 1) & INT32_MAX;
		atomic_store(&channel->request, to->sequence);
		atomic_store(&channel->waiting, NTB_WAIT_NOTHING);
		wake_receiver(copy, d);
	}
	ret = ntb_copy_serve_start(copy);
	if (ret)
		copy->memory = NULL;
	return ret;
}

void ntb_copy_stop(struct ntb_copy *copy)
{
	if (!copy->memory)
		return;
	ntb_copy_serve_stop(copy);
	copy->memory = NULL;
}

/* Units free in the ring. A head that no honest receiver publishes leaves no room. */
static uint32_t room(struct ntb_sender *to, struct ntb_channel *channel, uint32_t wanted)
{
	uint32_t used = to->tail - to->head, head;

	if (NTB_UNITS - used >= wanted)
		return NTB_UNITS - used;
	head = atomic_load(&channel->head);
	if (to->tail - head > NTB_UNITS)
		return 0;
	to->head = head;
	return NTB_UNITS - (to->tail - head);
}

/* It does not answer: who runs, and finds the request without an entry, has lost it and refuses. */
static void remind_receiver(struct ntb_copy *copy, unsigned d)
{
	struct ntb_channel *channel = ntb_layout_channel(copy->memory, copy->ports, copy->slot, d);

	atomic_store(&channel->tail, copy->to[d].tail);
	atomic_store(&channel->request, copy->to[d].sequence);
	rouse_receiver(copy, d);
}

/*
 * Sleep until *word is not value or the deadline; announce it so that the receiver pays for a wake-up only then, and so
 * does the own copier that leaves a ring to this thread.
 */
static void wait_word(struct ntb_copy *copy, struct ntb_channel *channel, uint32_t kind, _Atomic uint32_t *word,
		      uint32_t value)
{
	atomic_store(&channel->waiting, kind);
	if (atomic_load(word) == value && !atomic_load(&copy->owed))
		ntb_futex_wait(word, value, SLICE);
	atomic_store(&channel->waiting, NTB_WAIT_NOTHING);
}

static int make_room(struct ntb_copy *copy, unsigned d, uint32_t wanted, int64_t deadline)
{
	struct ntb_channel *channel = ntb_layout_channel(copy->memory, copy->ports, copy->slot, d);
	struct ntb_sender *to = &copy->to[d];

	while (room(to, channel, wanted) < wanted) {
		uint32_t head = atomic_load(&channel->head);

		/* If its head is not plausible, what we have published may not be either: then it follows us. */
		atomic_store(&channel->tail, to->tail);
		rouse_receiver(copy, d);
		copy->ops->waiting(copy->opaque);
		if (room(to, channel, wanted) >= wanted)
			break;
		if (to->no_room || ntb_now() >= deadline || !copy->ops->alive(copy->opaque, d)) {
			to->no_room = true;
			return -ETIMEDOUT;
		}
		wait_word(copy, channel, NTB_WAIT_SPACE, &channel->head, head);
	}
	to->no_room = false;
	return 0;
}

/* Put an entry into the ring, where there is room for it, and tell the receiver. */
static void push(struct ntb_copy *copy, unsigned d, const struct ntb_entry *entry, const uint8_t *data)
{
	struct ntb_channel *channel = ntb_layout_channel(copy->memory, copy->ports, copy->slot, d);
	struct ntb_sender *to = &copy->to[d];
	uint32_t at = to->tail % NTB_UNITS, units = 1;

	memcpy(channel->ring + at * NTB_UNIT, entry, sizeof(*entry));
	if (data) {
		size_t first;

		at = (at + 1) % NTB_UNITS;
		first = (NTB_UNITS - at) * NTB_UNIT;
		if (first > entry->length)
			first = entry->length;
		memcpy(channel->ring + at * NTB_UNIT, data, first);
		memcpy(channel->ring, data + first, entry->length - first);
		units += (entry->length + NTB_UNIT - 1) / NTB_UNIT;
	}
	to->tail += units;
	atomic_store(&channel->tail, to->tail);
	wake_receiver(copy, d);
}

int ntb_copy_write(struct ntb_copy *copy, unsigned d, uint64_t address, const void *data, size_t size)
{
	const uint8_t *from = data;
	int64_t deadline = 0;

	if (!copy->memory || d >= copy->ports || d == copy->slot)
		return -EINVAL;
	while (size) {
		size_t part = size < NTB_CHUNK ? size : NTB_CHUNK;
		uint32_t units = 1 + (uint32_t)((part + NTB_UNIT - 1) / NTB_UNIT);
		struct ntb_entry entry = { NTB_ENTRY_WRITE, (uint16_t)part, 0, address };

		if (room(&copy->to[d], ntb_layout_channel(copy->memory, copy->ports, copy->slot, d), units) < units) {
			if (!deadline)
				deadline = ntb_now() + PATIENCE;
			if (make_room(copy, d, units, deadline))
				return -ETIMEDOUT;
		}
		copy->to[d].no_room = false;
		push(copy, d, &entry, from);
		address += part;
		from += part;
		size -= part;
	}
	return 0;
}

/* The answer to the newest read: 1 with data, 0 without, -EAGAIN not yet. */
static int answer(const struct ntb_sender *to, struct ntb_channel *channel)
{
	uint32_t answered = atomic_load(&channel->answered);

	if (answered >> 1 != to->sequence)
		return -EAGAIN;
	return answered & 1;
}

static int await_answer(struct ntb_copy *copy, unsigned d, int64_t deadline)
{
	struct ntb_channel *channel = ntb_layout_channel(copy->memory, copy->ports, copy->slot, d);
	struct ntb_sender *to = &copy->to[d];
	int ret;

	for (unsigned i = 0; i < SPINS; i++) {
		ret = answer(to, channel);
		if (ret >= 0)
			return ret;
		relax();
	}
	for (;;) {
		uint32_t answered = atomic_load(&channel->answered);

		copy->ops->waiting(copy->opaque);
		ret = answer(to, channel);
		if (ret >= 0)
			return ret;
		if (ntb_now() >= deadline || !copy->ops->alive(copy->opaque, d)) {
			/* What counts now is an answer that is newer: it has lost this one, or comes to the next. */
			to->no_answer = true;
			to->sequence = (to->sequence + 2) & INT32_MAX;
			atomic_store(&channel->request, to->sequence);
			return -ETIMEDOUT;
		}
		wait_word(copy, channel, NTB_WAIT_ANSWER, &channel->answered, answered);
		if (answer(to, channel) < 0)
			remind_receiver(copy, d);
	}
}

int ntb_copy_read(struct ntb_copy *copy, unsigned d, uint64_t address, void *data, size_t size)
{
	struct ntb_channel *channel;
	struct ntb_sender *to;
	uint8_t *into = data;
	int64_t deadline;

	if (!copy->memory || d >= copy->ports || d == copy->slot)
		return -EINVAL;
	channel = ntb_layout_channel(copy->memory, copy->ports, copy->slot, d);
	to = &copy->to[d];
	if (to->no_answer && answer(to, channel) < 0) {
		remind_receiver(copy, d);
		return -ETIMEDOUT;
	}
	to->no_answer = false;
	deadline = ntb_now() + PATIENCE;
	while (size) {
		size_t part = size < NTB_CHUNK ? size : NTB_CHUNK;
		struct ntb_entry entry = { NTB_ENTRY_READ, (uint16_t)part, 0, address };
		int ret;

		if (make_room(copy, d, 1, deadline))
			return -ETIMEDOUT;
		to->sequence = (to->sequence + 1) & INT32_MAX;
		entry.sequence = to->sequence;
		push(copy, d, &entry, NULL);
		/* After the entry: a receiver that finds the request and no entry has lost it, and refuses. */
		atomic_store(&channel->request, to->sequence);
		ret = await_answer(copy, d, deadline);
		if (ret <= 0)
			return ret ? ret : -EFAULT;
		memcpy(into, channel->answer, part);
		address += part;
		into += part;
		size -= part;
	}
	return 0;
}
