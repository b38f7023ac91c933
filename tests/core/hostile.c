/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory that lies: whatever stands in the block, at open or while ports run, nobody crashes, the owner's own registers
 * stay its own, and no driver is handed what it would trip over.
 */
#include "driver.h"

#include <pthread.h>
#include <stdatomic.h>

#define DRIVER_MSGSRC(m) (0x450u + 4 * (m))

static uint64_t seed = 1;

static uint32_t draw(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 32);
}

static bool is_peer(const struct bench_host *host, uint32_t partition)
{
	const struct idtntb_topology *topology = &host->bench->topology;

	for (unsigned slot = 0; slot < topology->port_count; slot++) {
		if (topology->ports[slot].partition == partition)
			return &host->bench->hosts[slot] != host;
	}
	return false;
}

/* What holds for an owner whatever the memory says. */
static void check_owner(struct bench_host *host)
{
	for (unsigned m = 0; m < 4; m++) {
		uint32_t source = nt_read(host, DRIVER_MSGSRC(m));

		assert_true(source == 0 || is_peer(host, source));
		assert_true(!(nt_read(host, 0x460) >> (16 + m) & 1) || is_peer(host, source));
	}
	assert_int_equal(nt_read(host, 0x404) & ~0xBBu, 0);
	assert_int_equal(nt_read(host, 0x460) & ~0xF000Fu, 0);
	assert_int_equal(nt_read(host, 0x40C), 0x600D0000 + host->number);
	assert_int_equal(nt_read(host, 0x470), 0x800004C0);
	assert_int_equal(nt_read(host, 0x4DC), 0);
	for (unsigned index = 0; index < IDTNTB_WINDOWS; index++) {
		struct idtntb_window window;

		if (idtntb_port_window(host->port, index, &window) || window.state != IDTNTB_WINDOW_OPEN)
			continue;
		assert_true(window.slot < host->bench->topology.port_count);
		assert_true(&host->bench->hosts[window.slot] != host);
		assert_true(window.length && window.length <= window.size);
		assert_true(window.address + (window.length - 1) >= window.address);
		/* Targets are the owner's own setting, never the memory's. */
		assert_true(window.bar == 2 && window.entry < 4 && window.address == 0x1000 * window.entry);
	}
}

/* A bit of everything that looks at shared words. */
static void use(struct bench_host *host)
{
	struct idtntb_member member;
	uint64_t word = draw();

	idtntb_port_service(host->port);
	nt_write(host, 0x420, draw());
	nt_write(host, 0x428, draw());
	driver_msg_write(host, draw() % 4, draw() % 8, draw());
	nt_write(host, 0x460, draw());
	driver_interrupt(host);
	driver_link_is_up(host);
	gas_read(host, draw() % IDTNTB_GAS_SIZE);
	nt_write(host, 0x4D0, draw());
	nt_write(host, 0x4D8, draw());
	idtntb_port_bar_write(host->port, 2, draw() % 0x400000, &word, 8);
	idtntb_port_bar_read(host->port, 2, draw() % 0x400000, &word, 8);
	idtntb_switch_member(host->bench->sw, host->number, &member);
	if (draw() % 64 == 0)
		idtntb_switch_sweep(host->bench->sw, host->number, draw());
	if (draw() % 16 == 0)
		idtntb_switch_temperature_set(host->bench->sw, (uint8_t)draw());
}

static struct bench *victims(void)
{
	struct bench *bench = bench_create_linked(NULL, "0=3,2=0,4=6", NULL);

	for (unsigned slot = 0; slot < 3; slot++) {
		struct bench_host *host = &bench->hosts[slot];

		nt_write(host, 0x40C, 0x600D0000 + host->number);
		for (unsigned n = 0; n < 4; n++)
			driver_mw_set(host, 2, n, bench_partition(&bench->hosts[(slot + 1) % 3]), 0x1000 * n, 0x100000);
	}
	bench->eager = false;
	return bench;
}

static uint32_t draw_word(void)
{
	return draw() % 4 == 0 ? ~0u : draw() % 4 == 0 ? 0 : draw();
}

/* Word after word, one at a time, each put back. */
static void every_word(void **state)
{
	struct bench *bench = victims();
	_Atomic uint32_t *words = bench->block;

	(void)state;
	for (size_t w = 0; w < idtntb_block_size() / 4; w++) {
		uint32_t was = words[w];

		words[w] = draw_word();
		for (unsigned slot = 0; slot < 3; slot++)
			use(&bench->hosts[slot]);
		bench_run(bench);
		if (w % 16 == 0)
			check_owner(&bench->hosts[w / 16 % 3]);
		words[w] = was;
	}
	for (unsigned slot = 0; slot < 3; slot++)
		check_owner(&bench->hosts[slot]);
	bench_destroy(bench);
}

/* All of them, again and again; then an honest start goes on as if nothing had been. */
static void all_words(void **state)
{
	struct bench *bench = victims();
	_Atomic uint32_t *words = bench->block;

	(void)state;
	for (unsigned round = 0; round < 200; round++) {
		for (size_t w = 0; w < idtntb_block_size() / 4; w++)
			words[w] = draw_word();
		for (unsigned n = 0; n < 30; n++) {
			use(&bench->hosts[n % 3]);
			bench_run(bench);
			check_owner(&bench->hosts[n % 3]);
		}
		idtntb_port_reset(bench->hosts[round % 3].port);
		bench_enumerate(&bench->hosts[round % 3]);
		nt_write(&bench->hosts[round % 3], 0x40C, 0x600D0000 + bench->hosts[round % 3].number);
	}
	for (unsigned slot = 0; slot < 3; slot++)
		bench_detach(bench, slot);
	bench_destroy(bench);
}

struct scribbler {
	_Atomic uint32_t *words;
	size_t count;
	_Atomic uint32_t stop;
};

static void *scribble(void *opaque)
{
	struct scribbler *scribbler = opaque;
	uint64_t random = 99;

	while (!atomic_load_explicit(&scribbler->stop, memory_order_relaxed)) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		atomic_store_explicit(&scribbler->words[(random >> 40) % scribbler->count], (uint32_t)(random >> 20),
				      memory_order_relaxed);
	}
	return NULL;
}

/* At the same time, so that a word changes between two looks at it. */
static void while_running(void **state)
{
	struct bench *bench = victims();
	struct scribbler scribbler = { .words = bench->block, .count = idtntb_block_size() / 4 };
	pthread_t thread;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, scribble, &scribbler), 0);
	for (unsigned n = 0; n < 20000; n++) {
		struct bench_host *host = &bench->hosts[n % 3];

		use(host);
		bench->kicked &= 7;
		if (n % 8 == 0)
			bench_run(bench);
		bench->kicked = 0;
		for (unsigned m = 0; m < 4; m++) {
			uint32_t source = nt_read(host, DRIVER_MSGSRC(m));

			assert_true(source == 0 || is_peer(host, source));
		}
		assert_int_equal(nt_read(host, 0x40C), 0x600D0000 + host->number);
	}
	atomic_store(&scribbler.stop, 1);
	pthread_join(thread, NULL);
	bench_destroy(bench);
}

/* Opening: no block, another version, a topology that the check refuses; each with a line, none believed. */
static void bad_layouts(void **state)
{
	struct bench *bench = bench_create(NULL, "3", NULL);
	size_t size = (idtntb_block_size() + 63) / 64 * 64;
	unsigned char *copy = aligned_alloc(64, size);
	struct idtntb_switch *sw;
	struct idtntb_error error = { "" };

	(void)state;
	assert_int_equal(idtntb_switch_open(&sw, bench->block, idtntb_block_size() - 1, &error), -22);
	assert_int_equal(idtntb_switch_open(&sw, (char *)bench->block + 4, idtntb_block_size(), &error), -22);
	assert_false(idtntb_block_ready(bench->block, idtntb_block_size() - 1));
	memset(copy, 0, size);
	assert_int_equal(idtntb_switch_open(&sw, copy, size, &error), -22);
	for (size_t bit = 0; bit < 8 * 700; bit++) {
		int result;

		memcpy(copy, bench->block, size);
		copy[bit / 8] ^= (unsigned char)(1u << bit % 8);
		*error.text = '\0';
		result = idtntb_switch_open(&sw, copy, size, &error);
		if (bit < 64)
			assert_int_equal(result, -22);
		else if (bit < 128)
			assert_int_equal(result, -71);
		if (!result) {
			assert_int_equal(idtntb_topology_check(idtntb_switch_topology(sw), NULL), 0);
			idtntb_switch_close(sw);
			continue;
		}
		assert_true(result == -22 || result == -71);
		assert_true(*error.text && !strchr(error.text, '\n'));
	}
	for (unsigned n = 0; n < 20000; n++) {
		memcpy(copy, bench->block, size);
		for (unsigned changes = 0; changes < 3; changes++)
			copy[16 + draw() % 600] = (unsigned char)draw();
		if (idtntb_switch_open(&sw, copy, size, &error))
			continue;
		assert_int_equal(idtntb_topology_check(idtntb_switch_topology(sw), NULL), 0);
		for (uint32_t address = 0; address < IDTNTB_GAS_SIZE; address += 0x400)
			idtntb_switch_peek(sw, address);
		idtntb_switch_close(sw);
	}
	free(copy);
	bench_destroy(bench);
}

/* Formatting and loading over anything: memory too small or crooked is refused, rubbish in it does not matter. */
static void bad_memory(void **state)
{
	size_t size = (idtntb_block_size() + 63) / 64 * 64;
	unsigned char *memory = aligned_alloc(64, size + 64);
	struct idtntb_topology topology;
	struct idtntb_error error = { "" };
	struct idtntb_switch *sw;

	(void)state;
	assert_true(idtntb_block_size() <= 65536);
	assert_int_equal(idtntb_topology_parse(&topology, NULL, "8", NULL, &error), 0);
	assert_int_equal(idtntb_block_format(memory, idtntb_block_size() - 1, &topology, &error), -22);
	assert_non_null(strstr(error.text, "would be right"));
	assert_int_equal(idtntb_block_format(memory + 1, size, &topology, &error), -22);
	memset(memory, 0xA5, size);
	assert_false(idtntb_block_ready(memory, size));
	assert_int_equal(idtntb_block_format(memory, size, &topology, &error), 0);
	assert_int_equal(idtntb_switch_open(&sw, memory, size, &error), 0);
	assert_int_equal(idtntb_switch_peek(sw, 0x0140C), 0);
	idtntb_switch_close(sw);
	topology.ports[1].partition = topology.ports[0].partition;
	assert_int_equal(idtntb_block_format(memory, size, &topology, &error), -22);
	free(memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_word),  cmocka_unit_test(all_words),  cmocka_unit_test(while_running),
		cmocka_unit_test(bad_layouts), cmocka_unit_test(bad_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
