/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Ten faulty drivers, as register accesses: for each, one finding is an error and names the cause in one line. Both
 * hosts have enabled the link, set a window and used it, sent a message and rung; port 0 has the fault.
 */
#include "bed.h"

/* What the ways of a driver are, each wrong in one of the ten. */
struct ways {
	bool no_entry, no_completions, no_bus_master, mask_inverted, status_kept, wrong_route, no_limit, words_rotated,
		wrong_address, wrong_doorbell;
};

static struct bench_host *host_of(struct bed *bed, unsigned slot)
{
	return &bed->bench->hosts[slot];
}

static void enable(struct bench_host *host, const struct ways *ways)
{
	driver_link_enable(host);
	if (ways->no_entry) {
		nt_write(host, 0x4D0, bench_partition(host));
		nt_write(host, 0x4D8, 0);
	}
	if (ways->no_completions)
		nt_write(host, 0x400, 0);
	if (ways->no_bus_master)
		idtntb_port_config_write(host->port, 0x004, 0x2, 4);
	nt_write(host, 0x408, ways->mask_inverted ? 0xBB : 0xB0);
}

static void interrupt(struct bench_host *host, const struct ways *ways)
{
	if (!ways->status_kept)
		driver_interrupt(host);
}

static void windows_set(struct bench_host *host, const struct ways *ways, unsigned partition)
{
	uint64_t address = ways->wrong_address ? 0x40000000 : 0x1000;
	uint32_t value = 0;

	driver_mw_set(host, 4, 0, partition, address, 0x100000);
	if (ways->no_limit) {
		nt_write(host, 0x474 + 0x40, 0);
		nt_write(host, 0x474 + 0x50, 0);
	}
	nt_write(host, 0x4E0, 2 << 8);
	nt_write(host, 0x4E4, ways->words_rotated ? 0 : 0x8000);
	nt_write(host, 0x4E8, ways->words_rotated ? 0x8000 : 0);
	nt_write(host, 0x4EC, partition | 1u << 31);
	idtntb_port_bar_read(host->port, 4, 0, &value, 4);
	idtntb_port_bar_read(host->port, 2, 0, &value, 4);
}

static void play(struct bed *bed, unsigned slot, const struct ways *ways)
{
	struct bench_host *host = host_of(bed, slot);
	unsigned peer = !slot, partition = bench_partition(host_of(bed, peer));

	nt_write(host, 0x42C, ~0u);
	nt_write(host, 0x42C, ~(1u << host->number));
	nt_write(host, 0x464, 0x000F000F);
	windows_set(host, ways, partition);
	driver_msg_write(host, 0, ways->wrong_route ? 2 : partition, 0x600D);
}

/* Both at their work, in turn; then what a check of port 0 and 2 says. */
static void scenario(struct bed *bed, const struct ways *ways)
{
	static const struct ways healthy;

	enable(host_of(bed, 0), ways);
	enable(host_of(bed, 1), &healthy);
	play(bed, 0, ways);
	play(bed, 1, &healthy);
	nt_write(host_of(bed, 0), 0x420, 1u << (ways->wrong_doorbell ? 3 : 2));
	nt_write(host_of(bed, 1), 0x428, 1u << 2);
	interrupt(host_of(bed, 0), ways);
	interrupt(host_of(bed, 1), &healthy);
	bench_run(bed->bench);
	bed_check(bed);
}

static const struct fault {
	const char *name;
	struct ways ways;
	const char *id, *where, *text;
} faults[] = {
	{ "mapping table entry not set", { .no_entry = true }, "link.entry", "0:NTMTBLDATA", "entry 0 is not set" },
	{ "completion enable lost", { .no_completions = true }, "link.cpen", "0:NTCTL", "CPEN is 0" },
	{ "bus master off", { .no_bus_master = true }, "link.bme", "0:PCICMDSTS", "BME is 0" },
	{ "mask inverted", { .mask_inverted = true }, "interrupt.mask", "0:NTINTMSK", "interrupts are masked" },
	{ "status not cleared", { .status_kept = true }, "interrupt.sevent", "0:NTINTSTS", "SEVENT stays set" },
	{ "wrong partition in a message route",
	  { .wrong_route = true },
	  "message.route",
	  "SWP0MSGCTL0",
	  "partition 2, which has no NT port" },
	{ "limit forgotten", { .no_limit = true }, "window.limit", "0:BARLIMIT4", "the limit is not set" },
	{ "LUT words in the wrong order", { .words_rotated = true }, "window.words", "0:LUTMDATA", "wrong order" },
	{ "translation to a wrong address",
	  { .wrong_address = true },
	  "window.address",
	  "0:BARLTBASE4",
	  "has no RAM there" },
	{ "doorbell to the wrong bit", { .wrong_doorbell = true }, "doorbell.bit", "2:INDBELLMSK", "rings doorbell 3" },
};

static void healthy_driver(void **state)
{
	static const struct ways healthy;
	struct bed *bed = bed_create("2", NULL);

	(void)state;
	scenario(bed, &healthy);
	bed_expect_quiet(bed, IDTNTB_WARNING);
	bed_destroy(bed);
}

static void faulty_drivers(void **state)
{
	(void)state;
	for (size_t f = 0; f < sizeof(faults) / sizeof(faults[0]); f++) {
		struct bed *bed = bed_create("2", NULL);
		const struct idtntb_finding *finding;

		print_message("         %s\n", faults[f].name);
		scenario(bed, &faults[f].ways);
		finding = bed_expect(bed, faults[f].id, 0, faults[f].where, faults[f].text);
		assert_int_equal(finding->severity, IDTNTB_ERROR);
		bed_destroy(bed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(healthy_driver),
		cmocka_unit_test(faulty_drivers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
