/* SPDX-License-Identifier: BSD-3-Clause */
#include "model.h"

#define GAS_NT(port) (0x1000u + 0x2000 * (port))

static uint32_t global(const struct model *model, uint32_t address)
{
	return idtntb_switch_peek(model->bench->sw, address);
}

static uint32_t own(const struct model *model, unsigned slot, uint32_t offset)
{
	return idtntb_port_peek(model->bench->hosts[slot].port, offset);
}

static unsigned partition(const struct model *model, unsigned slot)
{
	return model->bench->topology.ports[slot].partition;
}

static int slot_of_partition(const struct model *model, unsigned which)
{
	for (unsigned slot = 0; slot < model->bench->topology.port_count; slot++) {
		if (partition(model, slot) == which)
			return (int)slot;
	}
	return -1;
}

void model_init(struct model *model, struct bench *bench)
{
	*model = (struct model){ .bench = bench };
}

void model_reset(struct model *model, unsigned slot)
{
	model->ports[slot] = (struct model_port){ .msis = model->bench->hosts[slot].msis };
}

static void ring(struct model *model, unsigned sender, uint32_t bits)
{
	for (unsigned b = 0; b < 32; b++) {
		if (!(bits >> b & 1) || (global(model, 0x3ED00 + 4 * b) >> partition(model, sender) & 1))
			continue;
		for (unsigned slot = 0; slot < model->bench->topology.port_count; slot++) {
			if (!(global(model, 0x3ED80 + 4 * b) >> partition(model, slot) & 1))
				model->ports[slot].doorbells |= 1u << b;
		}
	}
}

static void send(struct model *model, unsigned slot, unsigned m, uint32_t data)
{
	uint32_t route = global(model, 0x3EE00 + 0x20 * m + 4 * partition(model, slot));
	int target = slot_of_partition(model, route >> 4 & 7);
	unsigned j = route & 3;

	if (target < 0 || (unsigned)target == slot || (model->ports[target].full >> j & 1)) {
		model->ports[slot].failed |= 1u << m;
		return;
	}
	model->ports[target].full |= 1u << j;
	model->ports[target].data[j] = data;
	model->ports[target].source[j] = partition(model, slot);
}

/* Through GASADATA: an own register, a doorbell of another, or nothing that is modelled here. */
static void write_global(struct model *model, unsigned slot, uint32_t value, uint32_t enabled)
{
	uint32_t address = own(model, slot, 0xFF8);

	for (unsigned s = 0; s < model->bench->topology.port_count; s++) {
		uint32_t base = GAS_NT(model->bench->hosts[s].number);

		if (address < base || address >= base + 0x1000 || address - base == 0xFFC)
			continue;
		if (s == slot)
			model_write(model, slot, address - base, value, enabled);
		else if (address - base == 0x420)
			ring(model, s, value & enabled);
	}
}

void model_write(struct model *model, unsigned slot, uint32_t offset, uint32_t value, uint32_t enabled)
{
	struct model_port *port = &model->ports[slot];

	value &= enabled;
	switch (offset) {
	case 0x420:
		ring(model, slot, value);
		break;
	case 0x428:
		port->doorbells &= ~value;
		break;
	case 0x430:
	case 0x434:
	case 0x438:
	case 0x43C:
		send(model, slot, (offset - 0x430) / 4, (own(model, slot, offset) & ~enabled) | value);
		break;
	case 0x460:
		port->full &= ~(value >> 16);
		port->failed &= ~value;
		break;
	case 0xFFC:
		write_global(model, slot, value, enabled);
		break;
	}
}

/* Section 9: what an owner is told, given what its registers show now. */
static void check_interrupt(struct model *model, unsigned slot, uint32_t active, bool restarted)
{
	struct bench_host *host = &model->bench->hosts[slot];
	struct model_port *port = &model->ports[slot];
	uint32_t command = own(model, slot, 0x004);
	bool msi = own(model, slot, 0x0D0) & 1u << 16, master = command & 4;
	bool due = msi && master && (active & ~port->announced);

	assert_int_equal(host->intx, !msi && active && !(command & 1u << 10));
	assert_int_equal(!!(command & 1u << 19), !!active);
	if (!restarted)
		assert_int_equal(host->msis - port->msis, due);
	port->msis = host->msis;
	port->announced = !msi ? 0 : master ? active : port->announced & active;
}

void model_check(struct model *model, unsigned slot, bool restarted)
{
	struct model_port *port = &model->ports[slot];
	uint32_t msgsts = port->full << 16 | port->failed;
	uint32_t status = own(model, slot, 0x404);

	assert_int_equal(own(model, slot, 0x428), port->doorbells);
	assert_int_equal(own(model, slot, 0x460), msgsts);
	for (unsigned m = 0; m < IDTNTB_MESSAGES; m++) {
		assert_int_equal(own(model, slot, 0x440 + 4 * m), port->data[m]);
		assert_int_equal(own(model, slot, 0x450 + 4 * m), port->source[m]);
	}
	assert_int_equal(status & 1, (msgsts & ~own(model, slot, 0x464)) != 0);
	assert_int_equal(status & 2, (port->doorbells & ~own(model, slot, 0x42C)) ? 2 : 0);
	assert_int_equal(status & ~0xBBu, 0);
	check_interrupt(model, slot, status & ~own(model, slot, 0x408), restarted);
}

static bool admitted(const struct model *model, unsigned slot)
{
	struct bench_host *host = &model->bench->hosts[slot];
	uint32_t cursor = own(model, slot, 0x4D0);
	bool found = own(model, slot, 0x400) & 1;

	for (uint32_t e = 0; e < IDTNTB_MTBL_ENTRIES; e++) {
		uint32_t entry;

		idtntb_port_config_write(host->port, 0x4D0, e, 4);
		entry = own(model, slot, 0x4D8);
		found |= (entry & 1) && (entry >> 17 & 7) == partition(model, slot);
	}
	idtntb_port_config_write(host->port, 0x4D0, cursor, 4);
	return found;
}

static uint64_t pair(const struct model *model, unsigned slot, uint32_t offset, uint32_t stride, bool wide)
{
	uint64_t value = own(model, slot, offset);

	return wide ? value | (uint64_t)own(model, slot, offset + stride) << 32 : value;
}

/* Where a request for a window's first byte goes: target address, partition; false when it is refused. */
static bool translated(const struct model *model, unsigned slot, const struct idtntb_window *window, uint64_t *address,
		       unsigned *target)
{
	uint32_t setup = own(model, slot, 0x470 + 0x10 * window->bar), cursor = own(model, slot, 0x4E0), entry;
	struct idtntb_port *port = model->bench->hosts[slot].port;
	bool wide = (setup & 6) == 4;

	if (!(setup & 0x1800)) {
		uint64_t at = pair(model, slot, 0x10 + 4 * window->bar, 4, wide) & ~0xFull;

		*target = setup >> 13 & 7;
		*address = pair(model, slot, 0x478 + 0x10 * window->bar, 4, true);
		return at <= (pair(model, slot, 0x474 + 0x10 * window->bar, 0x10, wide) | 0x3FF);
	}
	idtntb_port_config_write(port, 0x4E0, window->bar << 8 | window->entry, 4);
	*address = pair(model, slot, 0x4E4, 4, true);
	entry = own(model, slot, 0x4EC);
	idtntb_port_config_write(port, 0x4E0, cursor, 4);
	*target = entry & 0xF;
	return entry >> 31;
}

void model_check_window(const struct model *model, unsigned slot, unsigned index)
{
	const struct idtntb_topology *topology = &model->bench->topology;
	struct idtntb_window window;
	uint64_t address;
	unsigned target;
	bool open;

	if (idtntb_port_window(model->bench->hosts[slot].port, index, &window))
		return;
	open = translated(model, slot, &window, &address, &target) && (own(model, slot, 4) & 2) &&
	       admitted(model, slot);
	if (open) {
		int to = target < 8 ? slot_of_partition(model, target) : -1;

		open = to >= 0 && (unsigned)to != slot;
		if (open) {
			uint32_t number = topology->ports[to].port;

			open = (global(model, 0x3E204 + 0x20 * number) & 0x10) &&
			       (global(model, GAS_NT(number) + 4) & 4);
			assert_true(!open || (window.slot == (unsigned)to && window.address == address));
		}
	}
	assert_int_equal(window.state == IDTNTB_WINDOW_OPEN, open);
	assert_int_equal(window.readable, open && (own(model, slot, 0x400) & 2));
	assert_true(!open || (window.length && window.length <= window.size));
}
