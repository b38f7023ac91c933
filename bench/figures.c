/* SPDX-License-Identifier: BSD-3-Clause */
#include "figures.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void bench_fail(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
	exit(1);
}

void bench_pin(pid_t pid, int core)
{
	cpu_set_t set;
	char path[40];
	DIR *tasks;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	tasks = opendir(path);
	if (!tasks)
		bench_fail(path);
	CPU_ZERO(&set);
	CPU_SET(core, &set);
	for (struct dirent *task; (task = readdir(tasks));) {
		if (task->d_name[0] != '.' && sched_setaffinity(atoi(task->d_name), sizeof(set), &set))
			bench_fail("sched_setaffinity");
	}
	closedir(tasks);
}

void bench_cores(int cores[2])
{
	cpu_set_t set;
	int found = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		bench_fail("sched_getaffinity");
	cores[0] = cores[1] = 0;
	for (int core = 0; core < CPU_SETSIZE && found < 2; core++) {
		if (CPU_ISSET(core, &set))
			cores[found++] = core;
	}
	if (found == 1)
		cores[1] = cores[0];
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_percentile(double *values, unsigned count, unsigned percent)
{
	qsort(values, count, sizeof(*values), by_size);
	return values[(count - 1) * percent / 100];
}

double bench_median(const double *values, unsigned turns)
{
	double sorted[BENCH_TURNS_MOST];

	memcpy(sorted, values, turns * sizeof(*sorted));
	return bench_percentile(sorted, turns, 50);
}

/* n/2 -+ 0.98 sqrt(n), rounded up. */
unsigned bench_reach(unsigned turns)
{
	unsigned reach = 0;

	while (reach * reach < turns && reach < turns / 2)
		reach++;
	return reach;
}

void bench_print_ratio(const double *values, const double *bare, unsigned turns)
{
	const unsigned reach = bench_reach(turns);
	double ratios[BENCH_TURNS_MOST];

	for (unsigned i = 0; i < turns; i++)
		ratios[i] = values[i] / bare[i];
	qsort(ratios, turns, sizeof(*ratios), by_size);
	printf("  %5.2f (%4.2f to %4.2f)", ratios[turns / 2], ratios[turns / 2 - reach],
	       ratios[turns / 2 + reach < turns ? turns / 2 + reach : turns - 1]);
}

unsigned bench_turns(const char *text, unsigned usual)
{
	const int turns = text ? atoi(text) : (int)usual;

	return turns > 0 && turns <= BENCH_TURNS_MOST ? (unsigned)turns : 0;
}
