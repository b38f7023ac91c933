/* SPDX-License-Identifier: BSD-3-Clause */
#include "driver.h"

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

static const char *scan_mws(struct bench_host *host, struct driver_port *port)
{
	uint32_t base = 0x1000 + 0x2000 * port->port;

	port->mw_count = 0;
	for (unsigned bar = 0; bar < IDTNTB_BARS; bar++) {
		uint32_t setup = gas_read(host, base + 0x470 + 0x10 * bar), type = setup >> 11 & 3;
		uint64_t size = 1ull << (setup >> 4 & 0x3F);
		unsigned count = type == 0 ? 1 : type == 1 ? 12 : 24;

		if ((setup & 0x80000000) && !(setup & 0x400)) {
			if (port->mw_count + count > DRIVER_MWS_MAX)
				return "too many memory windows";
			for (unsigned entry = 0; entry < count; entry++)
				port->mws[port->mw_count++] =
					(struct driver_mw){ bar, entry,
							    type == 0 ? size : size >> (type == 1 ? 4 : 5) };
		}
		bar += (setup & 0x80000000) && (setup & 6) == 4;
	}
	return NULL;
}

static void scan_ports(struct driver *driver, struct bench_host *host, const struct idtntb_chip *chip)
{
	driver->self.partition = gas_read(host, 0x3E204 + 0x20 * driver->self.port) >> 10 & 7;
	driver->peer_count = 0;
	for (unsigned p = 0; p < chip->port_count; p++) {
		uint32_t port = chip->ports[p], status, partition, mode;

		if (port == driver->self.port)
			continue;
		status = gas_read(host, 0x3E204 + 0x20 * port);
		partition = status >> 10 & 7;
		mode = status >> 6 & 0xF;
		if ((gas_read(host, 0x3E104 + 0x20 * partition) >> 5 & 3) != 1)
			continue;
		if (mode == 3 || mode == 4 || mode == 7 || mode == 8)
			driver->peers[driver->peer_count++] =
				(struct driver_port){ .port = port, .partition = partition };
	}
}

static void events_init(const struct driver *driver, struct bench_host *host)
{
	uint32_t ports = 1u << driver->self.port, partitions = 1u << driver->self.partition;

	for (unsigned p = 0; p < driver->peer_count; p++) {
		ports |= 1u << driver->peers[p].port;
		partitions |= 1u << driver->peers[p].partition;
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

const char *driver_probe(struct driver *driver, struct bench_host *host)
{
	uint32_t setup = (uint32_t)idtntb_port_config_read(host->port, 0x470, 4);
	uint32_t id = (uint32_t)idtntb_port_config_read(host->port, 0, 4);
	const struct idtntb_chip *chip = NULL;
	const char *why;

	for (unsigned c = 0; idtntb_chip_get(c); c++) {
		if (id == (0x111Du | (uint32_t)idtntb_chip_get(c)->device_id << 16))
			chip = idtntb_chip_get(c);
	}
	if (!chip)
		return "no such device id";
	if ((setup & 0x80000400) != 0x80000400 || (setup & 0x3F0) != 0xC0)
		return "BARSETUP0 is not 4 KiB of configuration space";
	driver->self.port = nt_read(host, 0x04C) >> 24;
	scan_ports(driver, host, chip);
	events_init(driver, host);
	why = scan_mws(host, &driver->self);
	for (unsigned p = 0; !why && p < driver->peer_count; p++)
		why = scan_mws(host, &driver->peers[p]);
	if (why)
		return why;
	gas_write(host, 0x3F1D4, 0);
	driver_interrupts_enable(host);
	return driver->peer_count ? NULL : "no NTB peers";
}

void driver_msg_write(struct bench_host *host, unsigned m, unsigned partition, uint32_t data)
{
	gas_write(host, 0x3EE00 + 0x20 * m + 4 * bench_partition(host), m | partition << 4);
	nt_write(host, 0x430 + 4 * m, data);
}

uint32_t driver_msg_read(struct bench_host *host, unsigned m, uint32_t *source)
{
	*source = nt_read(host, 0x450 + 4 * m);
	return nt_read(host, 0x440 + 4 * m);
}

void driver_mask(struct bench_host *host, uint32_t offset, uint32_t set, uint32_t clear)
{
	nt_write(host, offset, (nt_read(host, offset) | set) & ~clear);
}
