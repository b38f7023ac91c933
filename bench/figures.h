/* SPDX-License-Identifier: BSD-3-Clause */
/* What benchmarks have in common: time, cores, and what is made of samples. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#define BENCH_TURNS_MOST 200

static inline int64_t bench_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Print what does not work, with errno's reason, and end. */
__attribute__((noreturn)) void bench_fail(const char *what);

/* All threads of a process to a core; those it starts later follow. */
void bench_pin(pid_t pid, int core);
/* The first two cores that we may use, or one twice: as it is after we are pinned. */
void bench_cores(int cores[2]);

/* The value at a percentage; sorts them. */
double bench_percentile(double *values, unsigned count, unsigned percent);
/* Of a value for each turn, at most BENCH_TURNS_MOST; leaves them as they are. */
double bench_median(const double *values, unsigned turns);
/*
 * Which of the sorted turns enclose the median with 95 % at least: so many places from the middle, at most to the ends. With
 * fewer than six turns there are none: it is all of them.
 */
unsigned bench_reach(unsigned turns);
/* Print the median of the turns' ratios, and its 95 % interval. */
void bench_print_ratio(const double *values, const double *bare, unsigned turns);

/* TURNS of a command line: what is given, or as many as usual. @return 0: it is no number of turns. */
unsigned bench_turns(const char *text, unsigned usual);

#endif
