/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a register access costs without any transport: medians and spread of runs interleaved with the floor, an atomic
 * exchange on the same block of memory.
 */
#include "figures.h"

#include <idtntb.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#define RUNS 21
#define ACCESSES 200000

struct host {
	struct idtntb_port *port;
	struct host *peer;
	unsigned interrupts;
};

static void on_msi(void *opaque, uint64_t address, uint32_t data)
{
	(void)address;
	(void)data;
	((struct host *)opaque)->interrupts++;
}

static void on_intx(void *opaque, bool level)
{
	(void)opaque;
	(void)level;
}

/* Two hosts in one thread: a kick is served on the spot. */
static void on_kick(void *opaque, uint32_t slots)
{
	struct host *host = opaque;

	if (host->peer->port && slots >> idtntb_port_slot(host->peer->port) & 1)
		idtntb_port_service(host->peer->port);
}

static const struct idtntb_port_ops ops = {
	.size = sizeof(ops),
	.msi = on_msi,
	.intx = on_intx,
	.kick = on_kick,
};

static struct host hosts[2] = { { .peer = &hosts[1] }, { .peer = &hosts[0] } };

static void write32(struct host *host, uint32_t offset, uint32_t value)
{
	idtntb_port_bar_write(host->port, 0, offset, &value, 4);
}

static uint32_t read32(struct host *host, uint32_t offset)
{
	uint32_t value;

	idtntb_port_bar_read(host->port, 0, offset, &value, 4);
	return value;
}

static _Atomic uint32_t floor_word;

static void run_floor(void)
{
	atomic_exchange(&floor_word, 1);
}

static void run_read(void)
{
	read32(&hosts[0], 0x40C); /* NTSDATA */
}

static void run_write(void)
{
	static uint32_t value;

	write32(&hosts[0], 0x40C, value++);
}

static void run_status(void)
{
	read32(&hosts[0], 0x404); /* NTINTSTS: derived */
}

static void run_gas(void)
{
	write32(&hosts[0], 0xFF8, 0x3E244); /* SWPORT2STS */
	read32(&hosts[0], 0xFFC);
}

static void run_doorbell(void)
{
	write32(&hosts[0], 0x420, 1); /* OUTDBELLSET, interrupt at the peer */
	write32(&hosts[1], 0x428, 1); /* INDBELLSTS cleared */
}

static const struct {
	const char *name;
	void (*run)(void);
} cases[] = {
	{ "floor: atomic exchange", run_floor }, { "register read", run_read },
	{ "register write", run_write },         { "status read (NTINTSTS)", run_status },
	{ "global read (2 accesses)", run_gas }, { "doorbell to MSI, and clear", run_doorbell },
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static double measure(void (*run)(void))
{
	const int64_t start = bench_now();

	for (unsigned n = 0; n < ACCESSES; n++)
		run();
	return (double)(bench_now() - start) / ACCESSES;
}

static int attach(struct host *host, struct idtntb_switch *sw, unsigned slot)
{
	struct idtntb_error error;

	if (idtntb_port_attach(&host->port, sw, idtntb_switch_topology(sw)->ports[slot].port, 1 + slot, &ops, host,
			       &error)) {
		fprintf(stderr, "bench-core: %s\n", error.text);
		return 1;
	}
	idtntb_port_config_write(host->port, 0x04, 6, 2); /* MEM, BME */
	idtntb_port_config_write(host->port, 0xD0, 1 << 16, 4); /* MSI on */
	write32(host, 0x408, 0); /* NTINTMSK: nothing masked */
	idtntb_port_link_set(host->port, true);
	return 0;
}

int main(void)
{
	static double times[CASES][RUNS];
	struct idtntb_topology topology;
	struct idtntb_error error;
	struct idtntb_switch *sw;
	size_t size = (idtntb_block_size() + 63) / 64 * 64;
	void *block = aligned_alloc(64, size);

	if (!block || idtntb_topology_parse(&topology, NULL, "2", NULL, &error) ||
	    idtntb_block_format(block, size, &topology, &error) || idtntb_switch_open(&sw, block, size, &error)) {
		fprintf(stderr, "bench-core: %s\n", block ? error.text : "no memory");
		return 1;
	}
	if (attach(&hosts[0], sw, 0) || attach(&hosts[1], sw, 1))
		return 1;
	for (unsigned r = 0; r < RUNS; r++) {
		for (size_t c = 0; c < CASES; c++)
			times[c][r] = measure(cases[c].run);
	}
	printf("%-28s %10s %10s %10s   (ns, %d interleaved runs of %d)\n", "", "median", "lowest", "highest", RUNS,
	       ACCESSES);
	for (size_t c = 0; c < CASES; c++) {
		printf("%-28s %10.1f %10.1f %10.1f\n", cases[c].name, bench_percentile(times[c], RUNS, 50),
		       bench_percentile(times[c], RUNS, 0), bench_percentile(times[c], RUNS, 100));
	}
	if (hosts[1].interrupts < RUNS * ACCESSES) {
		fprintf(stderr, "bench-core: %u interrupts for %d doorbells\n", hosts[1].interrupts, RUNS * ACCESSES);
		return 1;
	}
	return 0;
}
