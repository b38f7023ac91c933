/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Switches inside this process, by name. Accesses by copy use the same rings and threads as between processes; what is
 * simpler here is who is there (a table) and how one is woken (an eventfd that nobody else holds).
 */
#include "local.h"

#include "../common/error.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct local {
	struct local_switch *sw;
	unsigned seen[IDTNTB_PORTS]; /* serials */
};

static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static struct local_switch *registry;
static uint64_t serials; /* switches ever made */

static void destroy(struct local_switch *sw)
{
	if (sw->memory)
		munmap(sw->memory, sw->size);
	pthread_mutex_destroy(&sw->lock);
	free(sw->name);
	free(sw);
}

static int create(struct local_switch **made, const char *name, const struct idtntb_attach_options *options,
		  struct idtntb_error *error)
{
	struct idtntb_topology topology;
	struct local_switch *sw;
	int ret = ntb_topology_choose(&topology, options, error);

	if (ret)
		return ret;
	sw = calloc(1, sizeof(*sw));
	if (!sw)
		return ntb_fail(error, -ENOMEM, "no memory for switch 'local:%.60s'", name);
	pthread_mutex_init(&sw->lock, NULL);
	sw->name = strdup(name);
	sw->size = ntb_layout_size(topology.port_count);
	sw->memory = mmap(NULL, sw->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (sw->memory == MAP_FAILED)
		sw->memory = NULL;
	if (!sw->name || !sw->memory)
		ret = ntb_fail(error, -ENOMEM, "no memory for switch 'local:%.60s'", name);
	else
		ret = idtntb_block_format(sw->memory, sw->size, &topology, error);
	if (ret) {
		destroy(sw);
		return ret;
	}
	*made = sw;
	return 0;
}

/* The lock of the registry is held. */
static struct local_switch *find(const char *name)
{
	struct local_switch *sw;

	for (sw = registry; sw && strcmp(sw->name, name); sw = sw->next)
		;
	return sw;
}

struct local_switch *ntb_local_hold(const char *name)
{
	struct local_switch *sw;

	pthread_mutex_lock(&registry_lock);
	sw = find(name);
	if (!sw)
		pthread_mutex_unlock(&registry_lock);
	return sw;
}

void ntb_local_release(void)
{
	pthread_mutex_unlock(&registry_lock);
}

static int local_open(struct idtntb_attachment *a, const char *where, const struct idtntb_attach_options *options,
		      struct idtntb_error *error)
{
	struct local *local = calloc(1, sizeof(*local));
	struct local_switch *sw;
	int ret = 0;

	if (!local)
		return ntb_fail(error, -ENOMEM, "no memory for an attachment");
	a->state = local;
	pthread_mutex_lock(&registry_lock);
	sw = find(where);
	if (!sw) {
		ret = create(&sw, where, options, error);
		if (!ret) {
			sw->serial = ++serials;
			sw->next = registry;
			registry = sw;
		}
	}
	if (!ret) {
		sw->users++;
		local->sw = sw;
		a->memory = sw->memory;
		a->memory_size = sw->size;
	}
	pthread_mutex_unlock(&registry_lock);
	return ret;
}

static int local_claim(struct idtntb_attachment *a, struct idtntb_error *error)
{
	struct local_switch *sw = ((struct local *)a->state)->sw;
	uint32_t free_slots = 0;
	char ports[64];
	int ret = 0;

	pthread_mutex_lock(&sw->lock);
	if (!sw->owners[a->slot]) {
		sw->owners[a->slot] = a;
	} else {
		for (unsigned slot = 0; slot < idtntb_switch_topology(a->sw)->port_count; slot++)
			free_slots |= sw->owners[slot] ? 0 : 1u << slot;
		ret = ntb_fail(error, -EBUSY, "port %u is taken by another device of this process; free: %s",
			       a->port_number,
			       ntb_topology_ports(idtntb_switch_topology(a->sw), free_slots, ports, sizeof(ports)));
	}
	pthread_mutex_unlock(&sw->lock);
	return ret;
}

static int local_joined(struct idtntb_attachment *a, struct idtntb_error *error)
{
	(void)error;
	ntb_wake(a); /* for the offers that stand */
	return 0;
}

void ntb_local_wake(struct local_switch *sw, uint32_t slots)
{
	pthread_mutex_lock(&sw->lock);
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++) {
		if ((slots & 1u << slot) && sw->owners[slot])
			ntb_wake(sw->owners[slot]);
	}
	pthread_mutex_unlock(&sw->lock);
}

static void local_kick(struct idtntb_attachment *a, uint32_t slots)
{
	ntb_local_wake(((struct local *)a->state)->sw, slots);
}

static void local_event(struct idtntb_attachment *a, uint32_t tag, uint32_t events)
{
	/* There are no descriptors but the attachment's own. */
	(void)a;
	(void)tag;
	(void)events;
}

/* Replace what the table holds of a port; the lock is held. A range whose descriptor cannot be had is for copies. */
static void put_offer(struct local_switch *sw, unsigned slot, uint32_t owner, const struct ntb_ram *ram)
{
	struct local_offer *offer = &sw->offers[slot];

	for (unsigned i = 0; i < offer->count; i++)
		close(offer->ranges[i].fd);
	offer->count = 0;
	offer->owner = owner;
	offer->serial++;
	for (size_t i = 0; ram && i < ram->count; i++) {
		struct idtntb_ram_range *range = &offer->ranges[offer->count];

		*range = ram->ranges[i];
		if (range->fd >= 0)
			range->fd = fcntl(range->fd, F_DUPFD_CLOEXEC, 0);
		if (range->fd >= 0)
			offer->count++;
	}
	for (unsigned other = 0; other < IDTNTB_PORTS; other++) {
		if (other != slot && sw->owners[other])
			ntb_wake(sw->owners[other]);
	}
}

static void local_offer(struct idtntb_attachment *a)
{
	struct local_switch *sw = ((struct local *)a->state)->sw;

	pthread_mutex_lock(&sw->lock);
	put_offer(sw, a->slot, a->owner, &a->ram);
	pthread_mutex_unlock(&sw->lock);
}

static void take_offer(struct idtntb_attachment *a, unsigned slot)
{
	struct local *local = a->state;
	struct local_offer *offer = &local->sw->offers[slot];
	struct idtntb_ram_range ranges[IDTNTB_RAM_RANGES];
	unsigned count = 0;
	uint32_t owner;

	pthread_mutex_lock(&local->sw->lock);
	if (offer->serial == local->seen[slot]) {
		pthread_mutex_unlock(&local->sw->lock);
		return;
	}
	local->seen[slot] = offer->serial;
	owner = offer->owner;
	for (unsigned i = 0; i < offer->count; i++) {
		ranges[count] = offer->ranges[i];
		ranges[count].fd = fcntl(offer->ranges[i].fd, F_DUPFD_CLOEXEC, 0);
		if (ranges[count].fd >= 0)
			count++;
	}
	pthread_mutex_unlock(&local->sw->lock);
	ntb_attachment_offer(a, slot, owner, ranges, count);
}

static void local_settle(struct idtntb_attachment *a)
{
	for (unsigned slot = 0; slot < idtntb_switch_topology(a->sw)->port_count; slot++) {
		if (slot != a->slot)
			take_offer(a, slot);
	}
}

static void local_close(struct idtntb_attachment *a)
{
	struct local *local = a->state;
	struct local_switch *sw, **link = &registry;

	if (!local)
		return;
	sw = local->sw;
	free(local);
	if (!sw)
		return;
	pthread_mutex_lock(&registry_lock);
	pthread_mutex_lock(&sw->lock);
	if (sw->owners[a->slot] == a) {
		sw->owners[a->slot] = NULL;
		put_offer(sw, a->slot, 0, NULL);
	}
	pthread_mutex_unlock(&sw->lock);
	if (!--sw->users) {
		while (*link != sw)
			link = &(*link)->next;
		*link = sw->next;
		destroy(sw);
	}
	pthread_mutex_unlock(&registry_lock);
}

const struct ntb_transport ntb_transport_local = {
	.name = "local",
	.form = "local:NAME",
	.view = &ntb_local_view_ops,
	.open = local_open,
	.claim = local_claim,
	.joined = local_joined,
	.close = local_close,
	.kick = local_kick,
	.event = local_event,
	.settle = local_settle,
	.offer = local_offer,
};
