/* SPDX-License-Identifier: BSD-3-Clause */
/* The temperature sensor, as hwmon reads it and as its alarms go (section 11.1). */
#include "driver.h"

#define TMPCTL 0x3F1D4
#define TMPSTS 0x3F1D8
#define TMPALARM 0x3F1DC
#define TMPADJ 0x3F1E0
#define BELOW_LTH (1u << 26)
#define ABOVE_HTH (1u << 29)
#define PDOWN (1u << 31)

static void set(struct bench *bench, uint8_t half_degrees)
{
	idtntb_switch_temperature_set(bench->sw, half_degrees);
	idtntb_port_announce(bench->hosts[0].port);
	bench_run(bench);
}

/* temp1_input, _lowest, _highest, _offset, _reset_history. */
static void hwmon(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *host = &bench->hosts[0];

	(void)state;
	assert_int_equal(gas_read(host, TMPSTS), 0x5A5A5A);
	set(bench, 100);
	set(bench, 60);
	set(bench, 80);
	assert_int_equal(gas_read(host, TMPSTS), 100u << 16 | 60u << 8 | 80);
	/* The offset is signed, and takes part in the history. */
	gas_write(host, TMPADJ, (uint8_t)-30);
	assert_int_equal(gas_read(host, TMPADJ), (uint8_t)-30);
	assert_int_equal(gas_read(host, TMPSTS), 100u << 16 | 50u << 8 | 50);
	gas_write(host, TMPADJ, 5);
	assert_int_equal(gas_read(host, TMPSTS), 100u << 16 | 50u << 8 | 85);
	/* reset_history: read, LTEMP = 0xFF, write; read, HTEMP = 0, write. */
	gas_write(host, TMPALARM, (gas_read(host, TMPALARM) & ~0xFF00u) | 0xFF00);
	gas_write(host, TMPALARM, gas_read(host, TMPALARM) & ~0xFF0000u);
	assert_int_equal(gas_read(host, TMPSTS), 85u << 16 | 85u << 8 | 85);
	assert_int_equal(host->guest_errors, 0);
	bench_destroy(bench);
}

static void adjustment_ends_at_the_scale(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *host = &bench->hosts[0];

	(void)state;
	set(bench, 250);
	gas_write(host, TMPADJ, 127);
	assert_int_equal(gas_read(host, TMPSTS) & 0xFF, 255);
	set(bench, 3);
	gas_write(host, TMPADJ, 0x80);
	assert_int_equal(gas_read(host, TMPSTS) & 0xFF, 0);
	bench_destroy(bench);
}

/* Powered down: no reading, no history, no alarm. */
static void powered_down(void **state)
{
	struct bench *bench = bench_create_attached(NULL, "2", NULL);
	struct bench_host *host = &bench->hosts[0];

	(void)state;
	gas_write(host, TMPCTL, PDOWN | ABOVE_HTH | 10u << 16);
	set(bench, 200);
	assert_int_equal(gas_read(host, TMPSTS), 0x5A5A00);
	assert_int_equal(nt_read(host, 0x404), 0);
	gas_write(host, TMPCTL, 0);
	assert_int_equal(gas_read(host, TMPSTS), 200u << 16 | 0x5A00 | 200);
	bench_destroy(bench);
}

/* An alarm latches NTINTSTS bit 7 in every partition, whatever SEPMSK says; W1C clears it, zeros do not. */
static void alarms(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "3", NULL);
	struct bench_host *host = &bench->hosts[0];

	(void)state;
	gas_write(host, 0x3EC08, 0xFF);
	driver_mask(&bench->hosts[2], 0x408, 0, 0x80);
	gas_write(host, TMPCTL, ABOVE_HTH | BELOW_LTH | 120u << 16 | 40u);
	for (unsigned slot = 0; slot < 3; slot++)
		assert_int_equal(nt_read(&bench->hosts[slot], 0x404), 0);
	/* At a threshold is not beyond it. */
	set(bench, 120);
	set(bench, 40);
	assert_int_equal(gas_read(host, TMPALARM) & 0x3F000000, 0);
	set(bench, 121);
	assert_int_equal(gas_read(host, TMPSTS) & 0x3F000000, ABOVE_HTH);
	for (unsigned slot = 0; slot < 3; slot++)
		assert_int_equal(nt_read(&bench->hosts[slot], 0x404), 0x80);
	/* Linux keeps it masked; who does not is interrupted. */
	assert_int_equal(bench->hosts[0].msis, 0);
	assert_int_equal(bench->hosts[2].msis, 1);
	/* It is the alarm that latches, not the heat: taken, it is not told anew while the alarm stands. */
	nt_write(&bench->hosts[2], 0x404, 0x80);
	set(bench, 122);
	assert_int_equal(nt_read(&bench->hosts[2], 0x404), 0);
	assert_int_equal(bench->hosts[2].msis, 1);
	set(bench, 80);
	gas_write(host, TMPALARM, gas_read(host, TMPALARM) & ~0x3F000000u);
	assert_int_equal(gas_read(host, TMPALARM) & 0x3F000000, ABOVE_HTH);
	gas_write(host, TMPALARM, gas_read(host, TMPALARM));
	assert_int_equal(gas_read(host, TMPALARM) & 0x3F000000, 0);
	for (unsigned slot = 0; slot < 3; slot++)
		nt_write(&bench->hosts[slot], 0x404, 0x80);
	set(bench, 39);
	assert_int_equal(gas_read(host, TMPALARM) & 0x3F000000, BELOW_LTH);
	assert_int_equal(nt_read(&bench->hosts[1], 0x404), 0x80);
	/* The condition still holds: cleared, it comes back. */
	for (unsigned slot = 0; slot < 3; slot++)
		nt_write(&bench->hosts[slot], 0x404, 0x80);
	gas_write(host, TMPALARM, BELOW_LTH | (gas_read(host, TMPALARM) & 0xFFFF00));
	assert_int_equal(gas_read(host, TMPALARM) & 0x3F000000, BELOW_LTH);
	assert_int_equal(nt_read(&bench->hosts[1], 0x404), 0x80);
	bench_destroy(bench);
}

/* Thresholds the wrong way round: both alarms. */
static void both_alarms(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);

	(void)state;
	gas_write(&bench->hosts[0], TMPCTL, ABOVE_HTH | BELOW_LTH | 10u << 16 | 200u);
	assert_int_equal(gas_read(&bench->hosts[0], TMPALARM) & 0x3F000000, ABOVE_HTH | BELOW_LTH);
	bench_destroy(bench);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hwmon),        cmocka_unit_test(adjustment_ends_at_the_scale),
		cmocka_unit_test(powered_down), cmocka_unit_test(alarms),
		cmocka_unit_test(both_alarms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
