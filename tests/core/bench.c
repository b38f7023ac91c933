/* SPDX-License-Identifier: BSD-3-Clause */
#include "bench.h"

static void on_msi(void *opaque, uint64_t address, uint32_t data)
{
	struct bench_host *host = opaque;

	host->msis++;
	host->msi_address = address;
	host->msi_data = data;
}

static void on_intx(void *opaque, bool level)
{
	struct bench_host *host = opaque;

	host->intx = level;
	host->intx_edges += level;
}

static void on_kick(void *opaque, uint32_t slots)
{
	struct bench_host *host = opaque;

	host->bench->kicked |= slots;
}

static void on_drain(void *opaque)
{
	((struct bench_host *)opaque)->drains++;
}

static void on_window_changed(void *opaque, unsigned window)
{
	(void)window;
	((struct bench_host *)opaque)->window_changes++;
}

static int peer_access(void *opaque, unsigned slot, uint64_t address, void *to, const void *from, size_t size)
{
	struct bench_host *host = opaque;
	unsigned char *ram = host->bench->hosts[slot].ram;

	if (!host->bench->hosts[slot].port || address >= BENCH_RAM || size > BENCH_RAM - address)
		return -1;
	memcpy(to ? to : ram + address, to ? ram + address : from, size);
	return 0;
}

static int on_peer_read(void *opaque, unsigned slot, uint64_t address, void *data, size_t size)
{
	return peer_access(opaque, slot, address, data, NULL, size);
}

static int on_peer_write(void *opaque, unsigned slot, uint64_t address, const void *data, size_t size)
{
	return peer_access(opaque, slot, address, NULL, data, size);
}

static void on_log(void *opaque, enum idtntb_log_level level, const char *text)
{
	struct bench_host *host = opaque;

	(void)level;
	strncpy(host->last_log, text, sizeof(host->last_log) - 1);
}

static void on_guest_error(void *opaque, const char *text)
{
	struct bench_host *host = opaque;

	host->guest_errors++;
	strncpy(host->last_error, text, sizeof(host->last_error) - 1);
}

static const struct idtntb_port_ops ops = {
	.size = sizeof(ops),
	.msi = on_msi,
	.intx = on_intx,
	.kick = on_kick,
	.drain = on_drain,
	.window_changed = on_window_changed,
	.peer_read = on_peer_read,
	.peer_write = on_peer_write,
	.log = on_log,
	.guest_error = on_guest_error,
};

struct bench *bench_create(const char *chip, const char *ports, const char *bars)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	size_t size = (idtntb_block_size() + 63) / 64 * 64;
	struct idtntb_error error = { "" };

	assert_non_null(bench);
	bench->eager = true;
	if (idtntb_topology_parse(&bench->topology, chip, ports, bars, &error))
		fail_msg("%s", error.text);
	bench->block = aligned_alloc(64, size);
	assert_non_null(bench->block);
	if (idtntb_block_format(bench->block, size, &bench->topology, &error) ||
	    idtntb_switch_open(&bench->sw, bench->block, size, &error))
		fail_msg("%s", error.text);
	for (unsigned slot = 0; slot < bench->topology.port_count; slot++) {
		bench->hosts[slot].bench = bench;
		bench->hosts[slot].number = bench->topology.ports[slot].port;
	}
	return bench;
}

struct bench *bench_create_attached(const char *chip, const char *ports, const char *bars)
{
	struct bench *bench = bench_create(chip, ports, bars);

	for (unsigned slot = 0; slot < bench->topology.port_count; slot++) {
		bench_attach(bench, slot);
		bench_enumerate(&bench->hosts[slot]);
		idtntb_port_link_set(bench->hosts[slot].port, true);
	}
	bench_run(bench);
	return bench;
}

void bench_destroy(struct bench *bench)
{
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++)
		bench_detach(bench, slot);
	idtntb_switch_close(bench->sw);
	free(bench->block);
	free(bench);
}

void bench_attach(struct bench *bench, unsigned slot)
{
	struct bench_host *host = &bench->hosts[slot];
	struct idtntb_error error = { "" };

	if (idtntb_port_attach(&host->port, bench->sw, host->number, 1000 + slot, &ops, host, &error))
		fail_msg("%s", error.text);
	bench_run(bench);
}

void bench_detach(struct bench *bench, unsigned slot)
{
	idtntb_port_detach(bench->hosts[slot].port);
	bench->hosts[slot].port = NULL;
	bench_run(bench);
}

void bench_run(struct bench *bench)
{
	while (bench->kicked) {
		unsigned slot = (unsigned)__builtin_ctz(bench->kicked);

		bench->kicked &= bench->kicked - 1;
		if (bench->hosts[slot].port)
			idtntb_port_service(bench->hosts[slot].port);
	}
}

static void settle(struct bench_host *host)
{
	if (host->bench->eager)
		bench_run(host->bench);
}

static void config_write(struct bench_host *host, uint32_t offset, uint32_t value)
{
	idtntb_port_config_write(host->port, offset, value, 4);
}

void bench_enumerate(struct bench_host *host)
{
	for (unsigned bar = 0; bar < IDTNTB_BARS; bar++) {
		uint32_t low = (uint32_t)idtntb_port_config_read(host->port, 0x10 + 4 * bar, 4);

		if ((low & 6) == 4) {
			config_write(host, 0x10 + 4 * bar, (uint32_t)BENCH_BAR(bar));
			bar++;
			config_write(host, 0x10 + 4 * bar, (uint32_t)(BENCH_BAR(bar - 1) >> 32));
		} else {
			config_write(host, 0x10 + 4 * bar, BENCH_BAR32(bar));
		}
	}
	config_write(host, 0xD4, 0xFEE01000);
	config_write(host, 0xD8, 0);
	config_write(host, 0xDC, 0x4020 + host->number);
	config_write(host, 0xD0, 1u << 16);
	idtntb_port_config_write(host->port, 0x04, 0x6, 2);
	settle(host);
}

uint32_t nt_read(struct bench_host *host, uint32_t offset)
{
	uint32_t value;

	idtntb_port_bar_read(host->port, 0, offset, &value, 4);
	return value;
}

void nt_write(struct bench_host *host, uint32_t offset, uint32_t value)
{
	idtntb_port_bar_write(host->port, 0, offset, &value, 4);
	settle(host);
}

uint32_t gas_read(struct bench_host *host, uint32_t address)
{
	nt_write(host, 0xFF8, address);
	return nt_read(host, 0xFFC);
}

void gas_write(struct bench_host *host, uint32_t address, uint32_t value)
{
	nt_write(host, 0xFF8, address);
	nt_write(host, 0xFFC, value);
}

unsigned bench_partition(const struct bench_host *host)
{
	return host->bench->topology.ports[host - host->bench->hosts].partition;
}

void driver_link_enable(struct bench_host *host)
{
	uint32_t partition = bench_partition(host), requester;

	nt_write(host, 0x400, 2);
	requester = nt_read(host, 0x4DC);
	nt_write(host, 0x4D0, partition);
	nt_write(host, 0x4D8, requester << 1 | partition << 17 | 1);
	nt_write(host, 0x410, 1);
	gas_write(host, 0x3EC30, 1u << partition);
}

void driver_link_disable(struct bench_host *host)
{
	uint32_t partition = bench_partition(host);

	nt_write(host, 0x400, 0);
	nt_write(host, 0x4D0, partition);
	nt_write(host, 0x4D8, 0);
	nt_write(host, 0x410, 1);
	gas_write(host, 0x3EC30, 1u << partition);
}

void driver_events_init(struct bench_host *host)
{
	const struct idtntb_topology *topology = &host->bench->topology;
	uint32_t ports = 0, partitions = 0;

	for (unsigned slot = 0; slot < topology->port_count; slot++) {
		ports |= 1u << topology->ports[slot].port;
		partitions |= 1u << topology->ports[slot].partition;
	}
	gas_write(host, 0x3EC0C, ~0u);
	gas_write(host, 0x3EC14, ~0u);
	gas_write(host, 0x3EC30, ~0u);
	gas_write(host, 0x3EC08, ~partitions);
	gas_write(host, 0x3EC10, ~ports);
	gas_write(host, 0x3EC18, ~ports);
	gas_write(host, 0x3EC34, ~partitions);
	gas_write(host, 0x3EC04, 0xFFFFFFDC);
}

void driver_interrupts_enable(struct bench_host *host)
{
	nt_write(host, 0x408, nt_read(host, 0x408) & ~0xBu);
}

uint32_t driver_interrupt(struct bench_host *host)
{
	uint32_t status = nt_read(host, 0x404);

	if (status & 8) {
		gas_read(host, 0x3EC00);
		gas_write(host, 0x3EC0C, ~0u);
		gas_write(host, 0x3EC14, ~0u);
		gas_write(host, 0x3EC30, ~0u);
		nt_write(host, 0x404, 8);
	}
	return status;
}

static bool mtbl_valid(struct bench_host *host, unsigned partition)
{
	nt_write(host, 0x4D0, partition);
	return nt_read(host, 0x4D8) & 1;
}

uint32_t driver_link_is_up(struct bench_host *host)
{
	const struct idtntb_topology *topology = &host->bench->topology;
	uint32_t up = 0;

	if (!(nt_read(host, 0x004) & 4) || !(nt_read(host, 0x400) & 2) || !mtbl_valid(host, bench_partition(host)))
		return 0;
	for (unsigned slot = 0; slot < topology->port_count; slot++) {
		uint32_t port = topology->ports[slot].port, nt = 0x1000 + 0x2000 * port;

		if (port != host->number && (gas_read(host, 0x3E204 + 0x20 * port) & 0x10) &&
		    (gas_read(host, nt + 0x004) & 4) && (gas_read(host, nt + 0x400) & 2) &&
		    mtbl_valid(host, topology->ports[slot].partition))
			up |= 1u << slot;
	}
	return up;
}

/* ATRAN of a BAR: 0 direct, else a lookup table. */
static bool has_lut(struct bench_host *host, unsigned bar)
{
	return nt_read(host, 0x470 + 0x10 * bar) & 0x1800;
}

static void lut_write(struct bench_host *host, unsigned bar, unsigned entry, uint64_t address, uint32_t upper)
{
	nt_write(host, 0x4E0, entry | bar << 8);
	nt_write(host, 0x4E4, (uint32_t)address);
	nt_write(host, 0x4E8, (uint32_t)(address >> 32));
	nt_write(host, 0x4EC, upper);
}

void driver_mw_set(struct bench_host *host, unsigned bar, unsigned entry, unsigned partition, uint64_t address,
		   uint64_t size)
{
	uint32_t setup = nt_read(host, 0x470 + 0x10 * bar);
	uint64_t limit;

	if (has_lut(host, bar)) {
		lut_write(host, bar, entry, address, partition | 1u << 31);
		return;
	}
	limit = ((setup & 6) == 4 ? BENCH_BAR(bar) : BENCH_BAR32(bar)) + size;
	nt_write(host, 0x470 + 0x10 * bar, (setup & ~0xE000u) | partition << 13);
	nt_write(host, 0x478 + 0x10 * bar, (uint32_t)address);
	nt_write(host, 0x47C + 0x10 * bar, (uint32_t)(address >> 32));
	nt_write(host, 0x474 + 0x10 * bar, (uint32_t)limit);
	if ((setup & 6) == 4)
		nt_write(host, 0x474 + 0x10 * (bar + 1), (uint32_t)(limit >> 32));
}

void driver_mw_clear(struct bench_host *host, unsigned bar, unsigned entry)
{
	uint32_t setup = nt_read(host, 0x470 + 0x10 * bar);

	if (has_lut(host, bar)) {
		lut_write(host, bar, entry, 0, 0);
		return;
	}
	nt_write(host, 0x474 + 0x10 * bar, 0);
	if ((setup & 6) == 4)
		nt_write(host, 0x474 + 0x10 * (bar + 1), 0);
}
