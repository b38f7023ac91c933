/* SPDX-License-Identifier: BSD-3-Clause */
#include "host.h"

#define BARS 0xC0000000u
#define BARS_PER_DEVICE (4 * BAR_SIZE)

#define BARSETUP(n) (0x470 + 16 * (n))
#define BARLIMIT(n) (0x474 + 16 * (n))
#define BARLTBASE(n) (0x478 + 16 * (n))
#define BARUTBASE(n) (0x47C + 16 * (n))
#define NTMTBLADDR 0x4D0
#define NTMTBLDATA 0x4D8
#define REQIDCAP 0x4DC
#define LUTOFFSET 0x4E0
#define LUTLDATA 0x4E4
#define LUTMDATA 0x4E8
#define LUTUDATA 0x4EC

uint64_t host_bar(const struct host *h, unsigned bar)
{
	return BARS + (h->device - 5) * BARS_PER_DEVICE + bar / 2 * BAR_SIZE;
}

void host_enumerate(const struct host *h)
{
	for (unsigned bar = 0; bar < 6; bar += 2)
		machine_config_write(h->m, h->device, 0x10 + 4 * bar, host_bar(h, bar), 4);
	machine_config_write(h->m, h->device, 0x04, COMMAND_MEM | COMMAND_BME, 2);
}

uint32_t host_read(const struct host *h, uint32_t offset)
{
	return machine_read(h->m, host_bar(h, 0) + offset, 4);
}

void host_write(const struct host *h, uint32_t offset, uint32_t value)
{
	machine_write(h->m, host_bar(h, 0) + offset, value, 4);
}

void host_enable(const struct host *h)
{
	host_write(h, NTINTMSK, host_read(h, NTINTMSK) & ~0xBu);
	host_write(h, NTCTL, 2);
	host_write(h, NTMTBLADDR, h->partition);
	host_write(h, NTMTBLDATA, h->partition << 17 | host_read(h, REQIDCAP) << 1 | 1);
}

void host_lut_set(const struct host *h, unsigned bar, unsigned entry, unsigned partition, uint64_t address)
{
	host_write(h, LUTOFFSET, bar << 8 | entry);
	host_write(h, LUTLDATA, (uint32_t)address);
	host_write(h, LUTMDATA, address >> 32);
	host_write(h, LUTUDATA, 0x80000000u | partition);
}

void host_lut_clear(const struct host *h, unsigned bar, unsigned entry)
{
	host_write(h, LUTOFFSET, bar << 8 | entry);
	host_write(h, LUTLDATA, 0);
	host_write(h, LUTMDATA, 0);
	host_write(h, LUTUDATA, 0);
}

void host_direct_set(const struct host *h, unsigned partition, uint64_t address, uint64_t size)
{
	uint64_t limit = size ? host_bar(h, 4) + size : 0;

	host_write(h, BARSETUP(4), (host_read(h, BARSETUP(4)) & ~0xE000u) | partition << 13);
	host_write(h, BARLTBASE(4), (uint32_t)address);
	host_write(h, BARUTBASE(4), address >> 32);
	host_write(h, BARLIMIT(4), (uint32_t)limit);
	host_write(h, BARLIMIT(5), limit >> 32);
}

uint64_t host_stat(const struct host *h, const char *name)
{
	return machine_get(h->m, h->id, name);
}
