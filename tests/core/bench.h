/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A bench for core tests: one block, hosts with a little RAM on its ports, everything in one thread. Kicks are queued
 * and served by bench_run(), or at once when bench.eager is set.
 */
#ifndef BENCH_H
#define BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <idtntb.h>

#define BENCH_RAM 0x10000u /* bytes of each host, from bus address 0 */
#define BENCH_BAR(n) (0x100000000ull * ((n) + 1)) /* where 64-bit BARs are put */
#define BENCH_BAR32(n) (0x10000000u * ((n) + 1)) /* where 32-bit BARs are put */

struct bench_host {
	struct bench *bench;
	struct idtntb_port *port;
	unsigned number; /* port number */
	unsigned msis;
	uint64_t msi_address;
	uint32_t msi_data;
	bool intx;
	unsigned intx_edges;
	unsigned drains;
	unsigned window_changes;
	unsigned guest_errors;
	char last_error[240];
	unsigned logs[IDTNTB_LOG_TRACE + 1]; /* lines by level */
	char last_log[240];
	unsigned char ram[BENCH_RAM];
};

struct bench {
	void *block;
	struct idtntb_topology topology;
	struct idtntb_switch *sw;
	struct bench_host hosts[IDTNTB_PORTS]; /* by slot */
	uint32_t kicked; /* slots */
	bool eager;
};

/* A switch of `topology` texts (see idtntb_topology_parse), no port attached. Fails the test on error. */
struct bench *bench_create(const char *chip, const char *ports, const char *bars);
/* The same with every port attached, enumerated (bench_enumerate) and its link up. */
struct bench *bench_create_attached(const char *chip, const char *ports, const char *bars);
/* The same with the driver probed and its link enabled on every port; nothing pending, counters at 0. */
struct bench *bench_create_linked(const char *chip, const char *ports, const char *bars);
void bench_destroy(struct bench *bench);
/* Set a host's counters to 0. */
void bench_forget(struct bench_host *host);
/* Memory for a port's counters, of exactly the right size, so that a sanitizer sees a byte too many; to be freed. */
void *bench_counters(void);

void bench_attach(struct bench *bench, unsigned slot);
void bench_detach(struct bench *bench, unsigned slot);
/* Serve kicked ports until nobody is kicked. */
void bench_run(struct bench *bench);

/* What firmware and the PCI core do before a driver: BARs placed, MEM and BME on, MSI programmed and on. */
void bench_enumerate(struct bench_host *host);

/* The partition of a host's port. */
unsigned bench_partition(const struct bench_host *host);

/* Registers through BAR0, as the driver does it; 32 bits. */
uint32_t nt_read(struct bench_host *host, uint32_t offset);
void nt_write(struct bench_host *host, uint32_t offset, uint32_t value);
/* Global registers through GASAADDR and GASADATA. */
uint32_t gas_read(struct bench_host *host, uint32_t address);
void gas_write(struct bench_host *host, uint32_t address, uint32_t value);

#endif
