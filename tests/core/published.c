/* SPDX-License-Identifier: BSD-3-Clause */
/* What is seen of a switch without owning a port of it: windows, tables, reset values, and saved states opened. */
#include "driver.h"

#include <errno.h>

static uint64_t seed = 5;

static uint32_t draw(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(seed >> 32);
}

static void same_window(const struct idtntb_window *x, const struct idtntb_window *y)
{
	assert_int_equal(x->bar, y->bar);
	assert_int_equal(x->entry, y->entry);
	assert_int_equal(x->state, y->state);
	assert_int_equal(x->readable, y->readable);
	assert_true(x->offset == y->offset && x->size == y->size);
	if (x->state == IDTNTB_WINDOW_OPEN)
		assert_true(x->slot == y->slot && x->address == y->address && x->length == y->length);
}

/* Every window of a port, as its owner has it and as others see it. */
static void compare(struct bench_host *host)
{
	for (unsigned window = 0; window < IDTNTB_WINDOWS + 3; window++) {
		struct idtntb_window own, seen;
		int result;

		bench_run(host->bench);
		idtntb_port_service(host->port);
		result = idtntb_port_window(host->port, window, &own);
		assert_int_equal(idtntb_switch_window(host->bench->sw, host->number, window, &seen), result);
		if (!result)
			same_window(&own, &seen);
		else
			assert_int_equal(seen.state, IDTNTB_WINDOW_NONE);
	}
}

/* Random registers of windows: the decision by what is published is that by the owner's own. */
static void one_decision(void **state)
{
	static const char *const bars[] = { "lut24:4K", "lut12x2:4K" };
	unsigned open = 0;

	(void)state;
	for (unsigned layout = 0; layout < 2; layout++) {
		struct bench *bench = bench_create_linked(NULL, "0=3,2=1,4=6", bars[layout]);

		for (unsigned n = 0; n < 400; n++) {
			struct bench_host *host = &bench->hosts[draw() % 3];
			const unsigned bar = draw() % 6, entry = draw() % 26;
			struct idtntb_window window;

			switch (draw() % 8) {
			case 0:
				nt_write(host, 0x470 + 0x10 * bar, draw());
				break;
			case 1:
				nt_write(host, 0x474 + 0x10 * bar, draw() % 4 ? ~0u : draw());
				break;
			case 2:
				idtntb_port_config_write(host->port, 4, draw() & 7, 2);
				idtntb_port_config_write(host->port, 4, draw() % 4 ? 6 : 2, 2);
				break;
			case 3:
				nt_write(host, 0x400, draw() % 4 ? 2 : draw());
				break;
			case 4:
				idtntb_switch_link_force(bench->sw, host->number, draw() % 4 == 0);
				idtntb_port_announce(host->port);
				break;
			default:
				driver_mw_set(host, draw() % 2 ? 2 : 4, entry % 12,
					      draw() % 4 ? 1 + 5 * (draw() & 1) : 3, draw(), 0x1000);
				break;
			}
			compare(host);
			for (unsigned w = 0; w < IDTNTB_WINDOWS; w++)
				open += !idtntb_switch_window(bench->sw, host->number, w, &window) &&
					window.state == IDTNTB_WINDOW_OPEN;
		}
		bench_destroy(bench);
	}
	assert_true(open > 100);
}

/* Published words may be anything: BARSETUP above all, by which a careless reader would find its way. */
static void hostile_words_of(const char *bars)
{
	struct bench *bench = bench_create_linked(NULL, "3", bars);
	_Atomic uint32_t *words = bench->block;
	struct idtntb_window window;
	uint32_t lut[3];

	for (unsigned n = 0; n < 2000; n++) {
		for (unsigned w = 0; w < 64; w++)
			words[1024 + draw() % (idtntb_block_size() / 4 - 1024)] = draw() % 4 ? draw() : ~0u;
		for (unsigned w = 0; w < IDTNTB_WINDOWS; w++) {
			if (idtntb_switch_window(bench->sw, bench->hosts[n % 3].number, w, &window) ||
			    window.state != IDTNTB_WINDOW_OPEN)
				continue;
			assert_true(window.slot < 3 && window.slot != n % 3);
			assert_true(window.length && window.length <= window.size);
			assert_true(window.address + (window.length - 1) >= window.address);
		}
		idtntb_switch_lut(bench->sw, bench->hosts[n % 3].number, draw() % 8, draw() % 64, lut);
		idtntb_switch_mapping(bench->sw, draw() % 128);
	}
	assert_int_equal(idtntb_switch_window(bench->sw, 1, IDTNTB_WINDOW(2, 0), &window), -EINVAL);
	assert_int_equal(idtntb_switch_window(bench->sw, bench->hosts[0].number, ~0u, &window), -EINVAL);
	bench_destroy(bench);
}

static void hostile_words(void **state)
{
	(void)state;
	hostile_words_of("lut24");
	hostile_words_of("lut12x2");
}

static void tables(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "0=3,2=1", NULL);
	struct bench_host *a = &bench->hosts[0];
	uint32_t words[3];

	(void)state;
	driver_mw_set(a, 2, 7, 1, 0x123456789000, 0x100000);
	assert_int_equal(idtntb_switch_lut(bench->sw, a->number, 2, 7, words), 0);
	assert_int_equal(words[0], 0x56789000);
	assert_int_equal(words[1], 0x1234);
	assert_int_equal(words[2], 0x80000001);
	assert_int_equal(idtntb_switch_lut(bench->sw, a->number, 3, 7, words), -EINVAL);
	assert_int_equal(words[0] | words[1] | words[2], 0);
	assert_int_equal(idtntb_switch_lut(bench->sw, a->number, 2, 24, words), -EINVAL);
	assert_int_equal(idtntb_switch_lut(bench->sw, 5, 2, 7, words), -EINVAL);
	for (unsigned index = 0; index < IDTNTB_MTBL_ENTRIES; index++) {
		nt_write(a, 0x4D0, index);
		assert_int_equal(idtntb_switch_mapping(bench->sw, index), nt_read(a, 0x4D8));
	}
	assert_int_not_equal(idtntb_switch_mapping(bench->sw, 3) & 1, 0);
	assert_int_equal(idtntb_switch_mapping(bench->sw, IDTNTB_MTBL_ENTRIES), 0);
	bench_destroy(bench);
}

/* Reset values and masks by address are what a fresh switch holds and takes. */
static void reset_values(void **state)
{
	struct bench *bench = bench_create(NULL, "0=3,2=1", NULL);
	const struct idtntb_topology *topology = &bench->topology;
	unsigned seen = 0;

	(void)state;
	for (uint32_t address = 0; address < IDTNTB_GAS_SIZE; address += 4) {
		uint32_t reset = idtntb_switch_reset_value(bench->sw, address);

		if (reset) {
			assert_int_equal(idtntb_switch_peek(bench->sw, address), reset);
			seen++;
		}
	}
	assert_true(seen > 50);
	assert_int_equal(idtntb_switch_reset_value(bench->sw, 0x1000 + 0x470), topology->ports[0].barsetup[0]);
	assert_int_equal(idtntb_switch_reset_value(bench->sw, 2 * 0x2000 + 0x1000),
			 (uint32_t)topology->chip->device_id << 16 | 0x111D);
	assert_int_equal(idtntb_switch_reset_value(bench->sw, IDTNTB_GAS_SIZE + 0x1470), 0);
	assert_int_equal(idtntb_switch_writable(bench->sw, 0x1000 + 0x470), 0xE000);
	assert_int_equal(idtntb_switch_writable(bench->sw, 0x1000 + 0x40C), 0xFFFFFFFF);
	/* BAR2: 24 windows of 1 MiB and the room to select them; BAR3 is its upper half. */
	assert_int_equal(idtntb_switch_writable(bench->sw, 0x1000 + 0x18), 0xFE000000);
	assert_int_equal(idtntb_switch_writable(bench->sw, 0x1000 + 0x1C), 0xFFFFFFFF);
	assert_int_equal(idtntb_switch_writable(bench->sw, 0x3000 + 0x40C), 0);
	bench_destroy(bench);
}

/* A saved state shows what the switch showed, owners and links too, and can be done nothing with. */
static void opened_image(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "0=3,2=1,4=6", NULL);
	struct bench_host *a = &bench->hosts[0];
	unsigned char *image = malloc(idtntb_save_size());
	const struct idtntb_port_ops ops = { .size = sizeof(ops) };
	struct idtntb_error error = { "" };
	struct idtntb_switch *sw;
	struct idtntb_port *port;
	uint32_t ticket;

	(void)state;
	driver_mw_set(a, 2, 7, 1, 0x5000, 0x100000);
	nt_write(a, 0x40C, 0xCAFEBABE);
	bench_detach(bench, 2);
	bench_run(bench);
	assert_int_equal(idtntb_switch_save(bench->sw, image, idtntb_save_size()), 0);
	assert_int_equal(idtntb_switch_open_image(&sw, image, idtntb_save_size(), &error), 0);
	free(image);
	for (uint32_t address = 0; address < IDTNTB_GAS_SIZE; address += 4)
		assert_int_equal(idtntb_switch_peek(sw, address), idtntb_switch_peek(bench->sw, address));
	for (unsigned slot = 0; slot < 3; slot++) {
		struct idtntb_member live, saved;

		idtntb_switch_member(bench->sw, bench->hosts[slot].number, &live);
		assert_int_equal(idtntb_switch_member(sw, bench->hosts[slot].number, &saved), 0);
		assert_int_equal(saved.owner, live.owner);
		assert_int_equal(saved.generation, live.generation);
		assert_int_equal(saved.up, live.up);
	}
	for (unsigned window = 0; window < IDTNTB_WINDOWS; window++) {
		struct idtntb_window live, saved;

		if (!idtntb_switch_window(bench->sw, a->number, window, &live) &&
		    !idtntb_switch_window(sw, a->number, window, &saved))
			same_window(&live, &saved);
	}
	assert_int_equal(idtntb_port_attach(&port, sw, 0, 1, &ops, NULL, &error), -EROFS);
	assert_int_equal(idtntb_switch_poke_post(sw, 0, 0x40C, 1, &ticket, &error), -EROFS);
	idtntb_switch_close(sw);
	bench_destroy(bench);
}

/* Bytes that somebody made up: refused, or a switch like any other. */
static void hostile_image(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	unsigned char *image = malloc(idtntb_save_size());
	struct idtntb_error error;
	struct idtntb_switch *sw;

	(void)state;
	for (size_t size = 0; size < 200; size++) {
		unsigned char *cut = malloc(size ? size : 1);

		memset(cut, 0xEE, size);
		assert_true(idtntb_switch_open_image(&sw, cut, size, &error) < 0);
		free(cut);
	}
	assert_int_equal(idtntb_switch_save(bench->sw, image, idtntb_save_size()), 0);
	assert_int_equal(idtntb_switch_open_image(&sw, image, idtntb_save_size() - 1, &error), -EINVAL);
	for (unsigned n = 0; n < 300; n++) {
		size_t at = draw() % idtntb_save_size();
		unsigned char was = image[at];

		image[at] ^= (unsigned char)(1 + draw() % 255);
		if (!idtntb_switch_open_image(&sw, image, idtntb_save_size(), &error)) {
			for (uint32_t address = 0; address < IDTNTB_GAS_SIZE; address += 4)
				idtntb_switch_peek(sw, address);
			idtntb_switch_close(sw);
		}
		image[at] = was;
	}
	free(image);
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_decision), cmocka_unit_test(hostile_words), cmocka_unit_test(tables),
		cmocka_unit_test(reset_values), cmocka_unit_test(opened_image),  cmocka_unit_test(hostile_image),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
