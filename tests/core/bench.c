/* SPDX-License-Identifier: BSD-3-Clause */
#include "driver.h"

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

	host->logs[level]++;
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

struct bench *bench_create_linked(const char *chip, const char *ports, const char *bars)
{
	struct bench *bench = bench_create_attached(chip, ports, bars);
	struct driver driver;

	for (unsigned slot = 0; slot < bench->topology.port_count; slot++)
		assert_null(driver_probe(&driver, &bench->hosts[slot]));
	for (unsigned slot = 0; slot < bench->topology.port_count; slot++)
		driver_link_enable(&bench->hosts[slot]);
	for (unsigned slot = 0; slot < bench->topology.port_count; slot++) {
		while (nt_read(&bench->hosts[slot], 0x404) & 8)
			driver_interrupt(&bench->hosts[slot]);
		bench_forget(&bench->hosts[slot]);
	}
	return bench;
}

void bench_forget(struct bench_host *host)
{
	host->msis = host->intx_edges = host->drains = host->window_changes = host->guest_errors = 0;
	memset(host->logs, 0, sizeof(host->logs));
	host->last_error[0] = '\0';
}

void *bench_counters(void)
{
	void *memory = aligned_alloc(64, idtntb_counters_size());

	assert_non_null(memory);
	memset(memory, 0xA5, idtntb_counters_size());
	return memory;
}
