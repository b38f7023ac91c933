/* SPDX-License-Identifier: BSD-3-Clause */
#include "claim.h"

#include "error.h"
#include "futex.h"
#include "lock.h"

#include <errno.h>
#include <string.h>

#define CLAIM_MS 2000 /* for a dead owner to go */
#define JOIN_MS 2000 /* for others who are joining */

int ntb_join_lock(struct ntb_memory *memory, struct idtntb_error *error)
{
	int ret = ntb_lock_wait(memory->fd, NTB_LOCK_JOIN, JOIN_MS);

	if (ret == -EAGAIN)
		return ntb_fail(error, -EBUSY, "somebody else has been joining the switch for %d s: a stopped process?",
				JOIN_MS / 1000);
	return ret ? ntb_fail(error, ret, "the shared memory's file cannot be locked: %s", strerror(-ret)) : 0;
}

static uint32_t held_slots(const struct ntb_memory *memory)
{
	uint32_t held = 0;

	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++) {
		if (!ntb_lock_free(memory->fd, NTB_LOCK_SLOT(slot)))
			held |= 1u << slot;
	}
	return held;
}

bool ntb_held(const struct ntb_memory *memory)
{
	return held_slots(memory);
}

int ntb_lock_out(struct ntb_memory *memory, const struct idtntb_topology *topology, struct idtntb_error *error)
{
	int ret = ntb_join_lock(memory, error);
	uint32_t held;
	char ports[64];

	if (ret)
		return ret;
	held = held_slots(memory);
	if (!held)
		return 0;
	ntb_lock_drop(memory->fd, NTB_LOCK_JOIN);
	return ntb_fail(error, -EBUSY, "ports are attached (%s): end their hosts first",
			ntb_topology_ports(topology, held, ports, sizeof(ports)));
}

int ntb_block_make(struct idtntb_attachment *a, struct ntb_memory *memory, const struct idtntb_attach_options *options,
		   struct idtntb_error *error)
{
	struct idtntb_topology topology;
	int ret = 0;

	if (!idtntb_block_ready(memory->base, memory->size)) {
		ret = ntb_topology_choose(&topology, options, error);
		if (!ret)
			ret = ntb_memory_format(memory, &topology, error);
	}
	a->memory = memory->base;
	a->memory_size = memory->size;
	return ret;
}

static int refuse(struct idtntb_attachment *a, const struct ntb_memory *memory, struct idtntb_error *error)
{
	const struct idtntb_topology *topology = idtntb_switch_topology(a->sw);
	uint32_t free_slots = 0;
	char ports[64];

	for (unsigned slot = 0; slot < topology->port_count; slot++) {
		if (ntb_lock_free(memory->fd, NTB_LOCK_SLOT(slot)))
			free_slots |= 1u << slot;
	}
	return ntb_fail(error, -EBUSY, "port %u is taken by another process; free: %s", a->port_number,
			ntb_topology_ports(topology, free_slots, ports, sizeof(ports)));
}

int ntb_claim(struct idtntb_attachment *a, struct ntb_memory *memory, struct idtntb_error *error)
{
	const int64_t deadline = ntb_now() + CLAIM_MS * NTB_MS;
	const struct timespec pause = { .tv_nsec = 20 * NTB_MS };
	int ret;

	while ((ret = ntb_lock_try(memory->fd, NTB_LOCK_SLOT(a->slot))) == -EAGAIN) {
		if (ntb_now() >= deadline)
			return refuse(a, memory, error);
		/* Others may join meanwhile. */
		ntb_lock_drop(memory->fd, NTB_LOCK_JOIN);
		nanosleep(&pause, NULL);
		ret = ntb_join_lock(memory, error);
		if (ret)
			return ret;
	}
	if (ret)
		return ntb_fail(error, ret, "the shared memory's file cannot be locked: %s", strerror(-ret));
	ntb_sweep(a, memory, UINT32_MAX);
	return 0;
}

uint32_t ntb_others(const struct idtntb_attachment *a)
{
	return ((1u << idtntb_switch_topology(a->sw)->port_count) - 1) & ~(1u << a->slot);
}

uint32_t ntb_sweep(struct idtntb_attachment *a, const struct ntb_memory *memory, uint32_t slots)
{
	const struct idtntb_topology *topology = idtntb_switch_topology(a->sw);
	uint32_t living = 0;
	bool swept = false;

	slots &= ntb_others(a);
	for (unsigned slot = 0; slots >> slot; slot++) {
		uint32_t owner;

		if (!(slots & 1u << slot))
			continue;
		/* First who it is, then whether that one lives: a successor is not taken for it. */
		owner = ntb_member(a, slot).owner;
		if (owner && !ntb_lock_free(memory->fd, NTB_LOCK_SLOT(slot))) {
			living |= 1u << slot;
			continue;
		}
		if (!owner || !idtntb_switch_sweep(a->sw, topology->ports[slot].port, owner))
			continue;
		swept = true;
		ntb_log(a, IDTNTB_LOG_INFO, "port %u: its owner is gone", topology->ports[slot].port);
	}
	if (swept) {
		/* Those who have not noticed themselves. */
		a->transport->kick(a, ntb_others(a));
		if (a->port)
			idtntb_port_service(a->port);
	}
	return living;
}
