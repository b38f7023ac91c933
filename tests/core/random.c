/* SPDX-License-Identifier: BSD-3-Clause */
/* A seeded walk over all registers of all ports, compared after every step with the naive model. */
#include "driver.h"
#include "model.h"

#define STEPS 50000

struct walk {
	struct bench *bench;
	struct model model;
	uint64_t seed;
	uint32_t restarted; /* slots, in this step */
};

static uint32_t draw(struct walk *walk)
{
	walk->seed = walk->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(walk->seed >> 32);
}

/* Values that mean something more often than chance has it. */
static uint32_t draw_value(struct walk *walk)
{
	uint32_t value = draw(walk);

	switch (draw(walk) % 6) {
	case 0:
		return 0;
	case 1:
		return ~0u;
	case 2:
		return 1u << value % 32;
	case 3:
		return value % 8 | (value >> 8) % 8 << 4;
	case 4:
		return 0x80000000u | (value & 7);
	default:
		return value;
	}
}

/* Any dword of the function, the interesting ones and the cursors more often. */
static uint32_t draw_offset(struct walk *walk)
{
	static const uint16_t offsets[] = { 0x004, 0x0D0, 0x400, 0x408, 0x410, 0x420, 0x428, 0x42C, 0x430,
					    0x434, 0x438, 0x43C, 0x460, 0x464, 0x4B0, 0x4B4, 0x4C4, 0x490,
					    0x4D0, 0x4D8, 0x4E0, 0x4E4, 0x4EC, 0xFF8, 0xFFC, 0xFFC, 0xFFC };
	uint32_t value = draw(walk);

	return value & 0xC000 ? offsets[(value >> 16) % (sizeof(offsets) / sizeof(offsets[0]))] : value % 0x1000 & ~3u;
}

/* GASAADDR towards what is there: switch registers, and the ports' functions. */
static uint32_t draw_global(struct walk *walk)
{
	static const uint32_t bases[] = { 0x3EC00, 0x3ED00, 0x3ED80, 0x3EE00, 0x3F1C0 };
	uint32_t value = draw(walk);

	if (value & 1)
		return bases[(value >> 8) % 5] + ((value >> 16) % 0x80 & ~3u);
	return 0x1000 + 0x2000 * walk->bench->hosts[(value >> 8) % walk->bench->topology.port_count].number +
	       draw_offset(walk);
}

static void write_step(struct walk *walk, unsigned slot)
{
	struct bench_host *host = &walk->bench->hosts[slot];
	uint32_t offset = draw_offset(walk), value = draw_value(walk), size = 4, lane = 0, enabled = ~0u;
	bool bar = draw(walk) & 1;

	if (offset == 0xFF8)
		value = draw_global(walk);
	if (draw(walk) % 8 == 0) {
		size = 1u << draw(walk) % 2;
		lane = draw(walk) % 4 & ~(size - 1);
		enabled = (size == 1 ? 0xFFu : 0xFFFFu) << 8 * lane;
	}
	if (!bar || (idtntb_port_peek(host->port, 4) & 2))
		model_write(&walk->model, slot, offset, value << 8 * lane, enabled);
	if (bar)
		idtntb_port_bar_write(host->port, 0, offset + lane, &value, size);
	else
		idtntb_port_config_write(host->port, offset + lane, value, size);
}

static void life_step(struct walk *walk, unsigned slot)
{
	struct bench_host *host = &walk->bench->hosts[slot];
	uint32_t value = draw(walk);

	switch (value % 8) {
	case 0:
		idtntb_port_reset(host->port);
		model_reset(&walk->model, slot);
		walk->restarted |= 1u << slot;
		break;
	case 1:
		bench_detach(walk->bench, slot);
		bench_attach(walk->bench, slot);
		assert_false(host->intx);
		model_reset(&walk->model, slot);
		walk->restarted |= 1u << slot;
		break;
	case 2:
		idtntb_switch_sweep(walk->bench->sw, host->number, 1000 + slot);
		walk->bench->kicked |= ~0u >> 24;
		break;
	case 3:
		idtntb_switch_link_force(walk->bench->sw, host->number, value >> 8 & 1);
		walk->bench->kicked |= ~0u >> 24;
		break;
	case 4:
		idtntb_switch_temperature_set(walk->bench->sw, (uint8_t)(value >> 8));
		walk->bench->kicked |= ~0u >> 24;
		break;
	case 5:
		bench_enumerate(host);
		break;
	default:
		idtntb_port_link_set(host->port, value >> 8 & 3);
	}
}

static void window_step(struct walk *walk, unsigned slot)
{
	unsigned char data[16] = { 0 };
	uint64_t offset = (uint64_t)draw(walk) << draw(walk) % 4;
	unsigned bar = draw(walk) % 7;

	if (!bar)
		offset |= IDTNTB_NT_SIZE;
	idtntb_port_bar_read(walk->bench->hosts[slot].port, bar, offset, data, draw(walk) % 17);
	idtntb_port_bar_write(walk->bench->hosts[slot].port, bar, offset, data, draw(walk) % 17);
}

/* Bits that nothing writes are what they were at power-on; of registers that only keep. */
static void check_fixed_bits(struct walk *walk, unsigned slot)
{
	const struct idtntb_register *reg;

	for (unsigned index = 0; (reg = idtntb_register_get(index)); index++) {
		if (reg->space != IDTNTB_SPACE_NT)
			continue;
		for (unsigned i = 0; i < reg->count[0]; i++) {
			uint32_t offset = idtntb_register_address(reg, i, 0);
			uint32_t value = idtntb_port_peek(walk->bench->hosts[slot].port, offset);

			/* Shaped by the topology, or a view of something else. */
			if ((offset >= 0x10 && offset < 0x28) || (offset >= 0x440 && offset < 0x460) || offset == 0 ||
			    offset == 0x2C || offset == 0x4C || offset == 0x50 || offset == 0x70 || offset == 0x404)
				continue;
			if (offset == 0x004)
				value &= ~(1u << 19);
			if (!strncmp(reg->name, "BARSETUP", 8)) {
				assert_int_equal(value & ~0xE000u,
						 walk->bench->topology.ports[slot].barsetup[i] & ~0xE000u);
				continue;
			}
			assert_int_equal(value & ~(reg->rw | reg->w1c), reg->reset & ~(reg->rw | reg->w1c));
		}
	}
}

static void step(struct walk *walk, unsigned n)
{
	unsigned count = walk->bench->topology.port_count, slot = draw(walk) % count;
	uint32_t kind = draw(walk) % 64;

	walk->restarted = 0;
	if (kind == 0)
		life_step(walk, slot);
	else if (kind < 4)
		window_step(walk, slot);
	else
		write_step(walk, slot);
	bench_run(walk->bench);
	for (unsigned s = 0; s < count; s++)
		model_check(&walk->model, s, walk->restarted >> s & 1);
	if (n % 4 == 0)
		model_check_window(&walk->model, slot, draw(walk) % IDTNTB_WINDOWS);
	if (n % 64 == 0)
		check_fixed_bits(walk, slot);
}

static void walk_with(const char *ports, const char *bars, uint64_t seed)
{
	struct walk walk = { .bench = bench_create_linked(NULL, ports, bars), .seed = seed };
	unsigned count = walk.bench->topology.port_count;

	model_init(&walk.model, walk.bench);
	for (unsigned slot = 0; slot < count; slot++) {
		for (unsigned n = 0; n < 4; n++)
			driver_mw_set(&walk.bench->hosts[slot], 2, n,
				      bench_partition(&walk.bench->hosts[(slot + 1) % count]), 0x1000 * n, 0x100000);
		model_check(&walk.model, slot, true);
	}
	for (unsigned n = 0; n < STEPS; n++)
		step(&walk, n);
	bench_destroy(walk.bench);
}

static void walks(void **state)
{
	(void)state;
	walk_with("2", "lut24", 1);
	walk_with("0=5,2=0,4=3", "lut12x2", 2);
	walk_with("8", "lut24:1K", 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(walks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
