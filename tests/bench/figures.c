/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "figures.h"

#include <math.h>

/* How likely heads come so often in so many throws. */
static double binomial(unsigned throws, unsigned heads)
{
	return exp(lgamma(throws + 1) - lgamma(heads + 1) - lgamma(throws - heads + 1) - throws * log(2));
}

/* As many of the turns lie below the true median as there are heads: how likely it is between these two of the sorted turns. */
static double covered(unsigned turns, unsigned low, unsigned high)
{
	double sum = 0;

	for (unsigned below = low + 1; below <= high; below++)
		sum += binomial(turns, below);
	return sum;
}

static void intervals_are_of_95_percent(void **state)
{
	(void)state;
	for (unsigned turns = 6; turns <= BENCH_TURNS_MOST; turns++) {
		const unsigned reach = bench_reach(turns), middle = turns / 2;
		const unsigned high = middle + reach < turns ? middle + reach : turns - 1;

		assert_true(reach <= middle);
		if (covered(turns, middle - reach, high) < 0.95)
			fail_msg("%u turns: %.3f", turns, covered(turns, middle - reach, high));
	}
}

static void percentiles_and_medians(void **state)
{
	double values[] = { 5, 1, 4, 2, 3 };

	(void)state;
	assert_true(bench_median(values, 5) == 3);
	assert_true(values[0] == 5);
	assert_true(bench_percentile(values, 5, 0) == 1 && bench_percentile(values, 5, 100) == 5);
	assert_true(values[0] == 1);
	assert_int_equal(bench_turns("25", 15), 25);
	assert_int_equal(bench_turns(NULL, 15), 15);
	assert_int_equal(bench_turns("0", 15), 0);
	assert_int_equal(bench_turns("201", 15), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(intervals_are_of_95_percent),
		cmocka_unit_test(percentiles_and_medians),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
