/* SPDX-License-Identifier: BSD-3-Clause */
#include "crowd.h"

#include <sys/mman.h>
#include <time.h>

static void on_msi(void *opaque, uint64_t address, uint32_t data)
{
	(void)address;
	(void)data;
	((struct actor *)opaque)->msis++;
}

static void on_intx(void *opaque, bool level)
{
	((struct actor *)opaque)->intx = level;
}

static void on_kick(void *opaque, uint32_t slots)
{
	struct actor *actor = opaque;

	for (; slots; slots &= slots - 1)
		atomic_store(&actor->crowd->kicked[__builtin_ctz(slots)], 1);
}

/* As a host does it that maps windows: look at what the window is now, and keep that until told again. */
static void on_window_changed(void *opaque, unsigned index)
{
	struct actor *actor = opaque;
	struct idtntb_window window;

	/* The handle is not there yet while it is being made; all is closed then. */
	if (!actor->port || idtntb_port_window(actor->port, index, &window))
		return;
	actor->mapped[index] = window.readable;
	actor->address[index] = window.address;
}

static int on_peer_read(void *opaque, unsigned slot, uint64_t address, void *data, size_t size)
{
	struct actor *actor = opaque;

	(void)slot;
	actor->reads++;
	actor->read_address = address;
	memset(data, 0, size);
	return 0;
}

static int on_peer_write(void *opaque, unsigned slot, uint64_t address, const void *data, size_t size)
{
	(void)opaque;
	(void)slot;
	(void)address;
	(void)data;
	(void)size;
	return 0;
}

static const struct idtntb_port_ops ops = {
	.size = sizeof(ops),
	.msi = on_msi,
	.intx = on_intx,
	.kick = on_kick,
	.window_changed = on_window_changed,
	.peer_read = on_peer_read,
	.peer_write = on_peer_write,
};

static size_t block_room(void)
{
	return (idtntb_block_size() + 4095) / 4096 * 4096;
}

static void *shared_memory(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	return memory;
}

struct crowd *crowd_create(const char *ports)
{
	struct crowd *crowd = shared_memory(sizeof(*crowd));
	struct idtntb_error error = { "" };

	crowd->block = shared_memory(block_room());
	if (idtntb_topology_parse(&crowd->topology, NULL, ports, NULL, &error) ||
	    idtntb_block_format(crowd->block, block_room(), &crowd->topology, &error))
		fail_msg("%s", error.text);
	return crowd;
}

void crowd_destroy(struct crowd *crowd)
{
	munmap(crowd->block, block_room());
	munmap(crowd, sizeof(*crowd));
}

uint32_t actor_read(struct actor *actor, uint32_t offset)
{
	uint32_t value;

	idtntb_port_bar_read(actor->port, 0, offset, &value, 4);
	return value;
}

void actor_write(struct actor *actor, uint32_t offset, uint32_t value)
{
	idtntb_port_bar_write(actor->port, 0, offset, &value, 4);
}

uint32_t actor_global_read(struct actor *actor, uint32_t address)
{
	actor_write(actor, 0xFF8, address);
	return actor_read(actor, 0xFFC);
}

void actor_global_write(struct actor *actor, uint32_t address, uint32_t value)
{
	actor_write(actor, 0xFF8, address);
	actor_write(actor, 0xFFC, value);
}

void actor_route(struct actor *actor, unsigned m, unsigned slot)
{
	const struct idtntb_topology *topology = &actor->crowd->topology;

	actor_global_write(actor, 0x3EE00 + 0x20 * m + 4 * topology->ports[actor->slot].partition,
			   m | (uint32_t)topology->ports[slot].partition << 4);
}

uint32_t actor_random(struct actor *actor)
{
	actor->random = actor->random * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(actor->random >> 32);
}

bool actor_start(struct actor *actor, struct crowd *crowd, unsigned slot, uint32_t owner)
{
	uint32_t partition = crowd->topology.ports[slot].partition;

	*actor = (struct actor){ .crowd = crowd, .slot = slot, .random = owner };
	if (idtntb_switch_open(&actor->sw, crowd->block, block_room(), NULL))
		return false;
	if (idtntb_port_attach(&actor->port, actor->sw, crowd->topology.ports[slot].port, owner, &ops, actor, NULL)) {
		idtntb_switch_close(actor->sw);
		return false;
	}
	idtntb_port_config_write(actor->port, 0xD0, 1u << 16, 4);
	idtntb_port_config_write(actor->port, 0x04, 6, 2);
	idtntb_port_link_set(actor->port, true);
	for (uint32_t mask = 0; mask < 5; mask++)
		actor_global_write(actor, (const uint32_t[]){ 0x3EC04, 0x3EC08, 0x3EC10, 0x3EC18, 0x3EC34 }[mask], 0);
	actor_write(actor, 0x408, 0xB0);
	actor_write(actor, 0x400, 2);
	actor_write(actor, 0x4D0, partition);
	actor_write(actor, 0x4D8, partition << 17 | 1);
	actor_write(actor, 0x410, 1);
	return true;
}

void actor_stop(struct actor *actor)
{
	idtntb_port_detach(actor->port);
	idtntb_switch_close(actor->sw);
}

void actor_idle(struct actor *actor)
{
	/* The flag falls before the state is looked at: a kick in between makes another look. */
	if (atomic_exchange(&actor->crowd->kicked[actor->slot], 0))
		idtntb_port_service(actor->port);
	else
		crowd_yield();
}

bool actor_interrupted(struct actor *actor)
{
	bool interrupted = actor->msis;

	actor->msis = 0;
	return interrupted;
}

double crowd_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

void crowd_runs(const char *ports, bool (*body)(struct actor *actor))
{
	for (unsigned n = 0; n < crowd_repeats; n++) {
		struct crowd *crowd = crowd_create(ports);

		crowd_run(crowd, body);
		crowd_destroy(crowd);
	}
}

bool actor_stopped(struct actor *actor)
{
	return atomic_load(&actor->crowd->stop);
}
