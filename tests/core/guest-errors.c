/* SPDX-License-Identifier: BSD-3-Clause */
/* Guest errors as counters keep them for others to read. */
#include "counters.h"
#include "driver.h"

/* Newest first; a flood of one kind does not wash the others away. */
static void guest_errors(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	struct idtntb_guest_error error;
	void *counters = bench_counters();
	unsigned kept = 0;
	uint64_t before = UINT64_MAX;

	(void)state;
	idtntb_port_counters_set(a->port, counters);
	assert_false(idtntb_counters_guest_error(counters, 0, &error));
	nt_write(a, 0x4E0, 0x300);
	nt_write(a, 0x4E4, 1);
	for (unsigned n = 0; n < 5000; n++)
		nt_write(a, 0x440, n); /* INMSG0 is read-only */
	nt_read(a, 0x900);
	assert_true(idtntb_counters_guest_error(counters, 0, &error));
	assert_int_equal(error.number, 5002);
	assert_non_null(strstr(error.text, "0x900"));
	assert_true(idtntb_counters_guest_error(counters, 1, &error));
	assert_int_equal(error.number, 4097);
	assert_non_null(strstr(error.text, "INMSG0"));
	assert_non_null(strstr(error.text, "4096 times"));
	for (; idtntb_counters_guest_error(counters, kept, &error); kept++) {
		assert_true(error.number < before);
		before = error.number;
	}
	assert_int_equal(kept, 1 + 4 + 1);
	assert_non_null(strstr(error.text, "LUTOFFSET 0x300"));
	assert_int_equal(error.number, 1);
	/* More kinds than there is room for: the oldest go. */
	for (uint32_t offset = 0x440; offset < 0x460; offset += 4)
		nt_write(a, offset, 0);
	for (unsigned n = 0; n < 4; n++)
		nt_write(a, 0x4DC, n);
	for (unsigned n = 0; n < 4; n++)
		gas_write(a, 0x00010, n);
	for (unsigned n = 0; n < 4; n++)
		gas_write(a, 0x3E204, n);
	for (kept = 0; idtntb_counters_guest_error(counters, kept, &error); kept++)
		;
	assert_int_equal(kept, 16);
	assert_null(strstr(error.text, "LUTOFFSET 0x300"));
	assert_false(idtntb_counters_guest_error(counters, ~0u, &error));
	bench_destroy(bench);
	free(counters);
}

/* A message that goes nowhere is a guest error, which names the register to look at. */
static void message_to_nobody(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	struct idtntb_guest_error error;
	void *counters = bench_counters();

	(void)state;
	idtntb_port_counters_set(a->port, counters);
	driver_msg_write(a, 2, 5, 1);
	assert_true(idtntb_counters_guest_error(counters, 0, &error));
	assert_non_null(strstr(error.text, "message 2"));
	assert_non_null(strstr(error.text, "SWP0MSGCTL2"));
	bench_destroy(bench);
	free(counters);
}

/* One that is being written, by its two numbers, is not told; nor does it hide the others. */
static void being_written(void **state)
{
	struct bench *bench = bench_create_linked(NULL, "2", NULL);
	struct bench_host *a = &bench->hosts[0];
	struct counters *counters = bench_counters();
	struct idtntb_guest_error error;

	(void)state;
	idtntb_port_counters_set(a->port, counters);
	nt_read(a, 0x900);
	nt_read(a, 0x904);
	assert_true(idtntb_counters_guest_error(counters, 0, &error));
	assert_int_equal(error.number, 2);
	for (unsigned e = 0; e < COUNTER_ERRORS; e++) {
		if (idt_counter(&counters->errors[e].done) == 2)
			atomic_store(&counters->errors[e].started, 3);
	}
	assert_false(idtntb_counters_guest_error(counters, 0, &error));
	assert_true(idtntb_counters_guest_error(counters, 1, &error));
	assert_int_equal(error.number, 1);
	assert_non_null(strstr(error.text, "0x900"));
	bench_destroy(bench);
	free(counters);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(guest_errors),
		cmocka_unit_test(message_to_nobody),
		cmocka_unit_test(being_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
