/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The Linux driver's sequences on a bench host, access for access (reference 10.2 to 10.4).
 */
#ifndef DRIVER_H
#define DRIVER_H

#include "bench.h"

#define DRIVER_MWS_MAX 29 /* IDT_MAX_NR_MWS */

/* A memory window as the driver's scan finds it. */
struct driver_mw {
	unsigned bar, entry;
	uint64_t size;
};

/* A port as the driver knows it: its own, or a peer's. */
struct driver_port {
	unsigned port, partition;
	unsigned mw_count;
	struct driver_mw mws[DRIVER_MWS_MAX];
};

/* What a probe has found out. */
struct driver {
	struct driver_port self;
	unsigned peer_count;
	struct driver_port peers[IDTNTB_PORTS - 1];
};

/* idt_pci_probe() without the kernel's own part: NULL, or why it failed. */
const char *driver_probe(struct driver *driver, struct bench_host *host);
/* idt_ntb_local_link_enable() and _disable() of the driver (reference 10.4), access for access. */
void driver_link_enable(struct bench_host *host);
void driver_link_disable(struct bench_host *host);
/* The interrupt unmasking of probe (reference 10.3, step 9). */
void driver_interrupts_enable(struct bench_host *host);
/* The interrupt thread (reference 10.4); returns the NTINTSTS it read. */
uint32_t driver_interrupt(struct bench_host *host);
/* idt_ntb_link_is_up() (reference 10.2): a bit for each peer by slot. */
uint32_t driver_link_is_up(struct bench_host *host);
/* Set or clear an outbound window as the driver does; entry is ignored for direct windows. */
void driver_mw_set(struct bench_host *host, unsigned bar, unsigned entry, unsigned partition, uint64_t address,
		   uint64_t size);
void driver_mw_clear(struct bench_host *host, unsigned bar, unsigned entry);
/* idt_ntb_peer_msg_write(): route and send; and idt_ntb_msg_read(): source partition and data. */
void driver_msg_write(struct bench_host *host, unsigned m, unsigned partition, uint32_t data);
uint32_t driver_msg_read(struct bench_host *host, unsigned m, uint32_t *source);
/* Set or clear bits of INDBELLMSK (0x42C), MSGSTSMSK (0x464), NTINTMSK (0x408) by read and write. */
void driver_mask(struct bench_host *host, uint32_t offset, uint32_t set, uint32_t clear);

#endif
