/* SPDX-License-Identifier: BSD-3-Clause */
#include "driven.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static void *drive(void *opaque)
{
	struct driven *driven = opaque;

	while (!atomic_load(&driven->stop)) {
		uint32_t links = 0;

		hosts_wait(driven->a, driven->b, NULL, 10);
		for (unsigned slot = 0; slot < 2; slot++) {
			nt_write(driven->a, 0xFF8, 0x3E204 + 0x20 * 2 * slot); /* SWPORTxSTS of ports 0 and 2 */
			links |= (nt_read(driven->a, 0xFFC) >> 4 & 1) << slot;
		}
		atomic_store(&driven->links, links);
	}
	return NULL;
}

void driven_start(struct driven *driven, struct host *a, struct host *b)
{
	driven->a = a;
	driven->b = b;
	atomic_store(&driven->stop, false);
	assert_int_equal(pthread_create(&driven->thread, NULL, drive, driven), 0);
}

void driven_stop(struct driven *driven)
{
	atomic_store(&driven->stop, true);
	pthread_join(driven->thread, NULL);
}

bool driven_link_up(struct driven *driven, unsigned slot)
{
	return atomic_load(&driven->links) >> slot & 1;
}

/* ---------------------------------------------------------------- crew */

struct sailor {
	struct crew *crew;
	struct host *host;
};

static void *sail(void *opaque)
{
	struct sailor *sailor = opaque;
	struct host *host = sailor->host;

	for (uint32_t n = 0; !atomic_load(&sailor->crew->stop); n++) {
		nt_write(host, 0x420, 1u << n % 32);
		nt_write(host, 0x428, UINT32_MAX);
		nt_write(host, 0x440, n);
		hosts_wait(host, NULL, NULL, 0);
	}
	free(sailor);
	return NULL;
}

void crew_start(struct crew *crew, const char *spec, const struct idtntb_topology *topology)
{
	struct idtntb_error error = { "" };

	memset(crew, 0, sizeof(*crew));
	crew->count = topology->port_count;
	for (unsigned slot = 0; slot < crew->count; slot++) {
		if (host_try(&crew->hosts[slot], spec, topology->ports[slot].port, topology, 0, &error))
			fail_msg("%s", error.text);
	}
	for (unsigned slot = 0; slot < crew->count; slot++) {
		struct sailor *sailor = malloc(sizeof(*sailor));

		*sailor = (struct sailor){ crew, &crew->hosts[slot] };
		assert_int_equal(pthread_create(&crew->threads[slot], NULL, sail, sailor), 0);
	}
}

void crew_stop(struct crew *crew)
{
	atomic_store(&crew->stop, true);
	for (unsigned slot = 0; slot < crew->count; slot++)
		pthread_join(crew->threads[slot], NULL);
	for (unsigned slot = 0; slot < crew->count; slot++)
		host_close(&crew->hosts[slot]);
}

/* ---------------------------------------------------------------- scribbler */

#define SCRIBBLED 0x40000u /* block, channels and counters of two ports */
#define HEAD 160u /* words: what says that there is a switch, and of what topology */

static void *scribble(void *opaque)
{
	struct scribbler *scribbler = opaque;
	_Atomic uint32_t *words = scribbler->memory;
	uint32_t head[HEAD];
	uint64_t seed = 11;
	bool bad = false;

	for (unsigned w = 0; w < HEAD; w++)
		head[w] = words[w];
	while (!atomic_load(&scribbler->stop)) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		/* The head is put back after a while, or nothing else would be looked at. */
		if ((seed >> 20) % 4096 == 0) {
			bad = !bad;
			for (unsigned w = 0; w < HEAD; w++)
				words[w] = head[w];
			if (bad)
				words[(seed >> 40) % HEAD] = (uint32_t)seed;
		} else {
			words[HEAD + (seed >> 33) % (SCRIBBLED / 4 - HEAD)] = (uint32_t)(seed >> 16);
		}
	}
	return NULL;
}

void scribbler_start(struct scribbler *scribbler, int memory)
{
	scribbler->memory = mmap(NULL, SCRIBBLED, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
	assert_ptr_not_equal(scribbler->memory, MAP_FAILED);
	atomic_store(&scribbler->stop, false);
	assert_int_equal(pthread_create(&scribbler->thread, NULL, scribble, scribbler), 0);
}

void scribbler_stop(struct scribbler *scribbler)
{
	atomic_store(&scribbler->stop, true);
	pthread_join(scribbler->thread, NULL);
	munmap(scribbler->memory, SCRIBBLED);
}
