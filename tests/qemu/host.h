/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One host of the switch as its driver uses it: the PCI function at a device number of a machine.
 */
#ifndef QEMU_HOST_H
#define QEMU_HOST_H

#include "machine.h"

#define BAR_SIZE 0x02000000u

#define NTCTL 0x400
#define NTINTSTS 0x404
#define NTINTMSK 0x408
#define OUTDBELLSET 0x420
#define INDBELLSTS 0x428

#define COMMAND_MEM 0x2
#define COMMAND_BME 0x4

struct host {
	struct machine *m;
	const char *id; /* of the device */
	unsigned device; /* PCI device number on the root bus */
	unsigned partition;
};

/* Where its BARs are put; all of them, with memory and bus master on. */
uint64_t host_bar(const struct host *h, unsigned bar);
void host_enumerate(const struct host *h);

uint32_t host_read(const struct host *h, uint32_t offset);
void host_write(const struct host *h, uint32_t offset, uint32_t value);

/* link_enable of the driver: completions on, own mapping table entry valid (section 10). */
void host_enable(const struct host *h);
/* The driver's sequences for an outbound window: LUT entry of BAR 2, or the direct window of BAR 4 (section 6.2). */
void host_lut_set(const struct host *h, unsigned bar, unsigned entry, unsigned partition, uint64_t address);
void host_lut_clear(const struct host *h, unsigned bar, unsigned entry);
void host_direct_set(const struct host *h, unsigned partition, uint64_t address, uint64_t size);

uint64_t host_stat(const struct host *h, const char *name);

#endif
