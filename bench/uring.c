/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A switch in a daemon: round trip of a register read, doorbells a second by how many are rung before one looks, bandwidth
 * of windows. Beside them a bare server on the same kind of socket, with one epoll loop, that answers messages of the same
 * size. Daemon and bare server take turns, on the client's core and on another; of the ratio of medians the median over all
 * turns is shown with its 95 % interval.
 * Usage: bench-uring IDTNTBD [TURNS]
 */
#include "uring.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS 15
#define TURNS_MOST 100
#define READS 1500 /* in a turn */
#define RINGS 4096 /* in a turn, of each depth */
#define BYTES (64u << 10)
#define COPIES 128 /* of so many bytes in a turn */

static const unsigned depths[] = { 1, 4, 16, 64 };
#define DEPTHS (sizeof(depths) / sizeof(depths[0]))

void bench_fail(const char *what)
{
	fprintf(stderr, "bench-uring: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double at_percent(double *values, unsigned count, unsigned percent)
{
	qsort(values, count, sizeof(*values), by_size);
	return values[(count - 1) * percent / 100];
}

static double median_of(const double *values, unsigned count)
{
	double sorted[TURNS_MOST];

	memcpy(sorted, values, count * sizeof(*sorted));
	return at_percent(sorted, count, 50);
}

/* The median of the ratios, and the order statistics that enclose it with 95 %: n/2 -+ 0.98 sqrt(n). */
static void print_ratio(const double *values, const double *bare, unsigned count)
{
	double ratios[TURNS_MOST];
	unsigned reach = 0;

	for (unsigned i = 0; i < count; i++)
		ratios[i] = values[i] / bare[i];
	qsort(ratios, count, sizeof(*ratios), by_size);
	while ((reach + 1) * (reach + 1) <= count && reach + 1 <= count / 2)
		reach++;
	printf("  %5.2f (%4.2f to %4.2f)\n", ratios[count / 2], ratios[count / 2 - reach],
	       ratios[count / 2 + reach < count ? count / 2 + reach : count - 1]);
}

/* ---------------------------------------------------------------- what is measured */

/* Microseconds of a round trip: median and 99th percentile. */
static void time_reads(struct bench *bench, double *p50, double *p99)
{
	static double samples[READS];

	for (unsigned i = 0; i < READS; i++) {
		const int64_t start = bench_now();

		bench->ask(bench);
		samples[i] = (double)(bench_now() - start) / 1000;
	}
	*p50 = at_percent(samples, READS, 50);
	*p99 = at_percent(samples, READS, 99);
}

/* Doorbells a second, in thousands: each time so many are posted, then a read tells that all have arrived. */
static double rate(struct bench *bench, unsigned depth)
{
	const int64_t start = bench_now();

	for (unsigned done = 0; done < RINGS; done += depth) {
		for (unsigned i = 0; i < depth; i++)
			bench->ring(bench);
		bench->ask(bench);
	}
	return RINGS * 1e6 / (double)(bench_now() - start);
}

/* MB/s into a peer's RAM, through the daemon. */
static double bandwidth(struct bench *bench)
{
	static uint8_t data[BYTES];
	const int64_t start = bench_now();

	for (unsigned i = 0; i < COPIES; i++)
		bench->write(bench, data, sizeof(data));
	bench->ask(bench);
	return (double)COPIES * BYTES * 1e3 / (double)(bench_now() - start);
}

struct results {
	double p50[TURNS_MOST], p99[TURNS_MOST], rates[DEPTHS][TURNS_MOST], bandwidth[TURNS_MOST];
};

static void measure(struct bench *bench, struct results *results, unsigned turn)
{
	time_reads(bench, &results->p50[turn], &results->p99[turn]);
	for (unsigned d = 0; d < DEPTHS; d++)
		results->rates[d][turn] = rate(bench, depths[d]);
	results->bandwidth[turn] = bandwidth(bench);
}

static void print(const char *where, const struct results *ours, const struct results *bare, unsigned turns)
{
	printf("%s\n  %-34s %10s %10s  %s\n", where, "", "uring", "epoll", "ratio (95 %)");
	printf("  %-34s %10.2f %10.2f", "register read, us, p50", median_of(ours->p50, turns),
	       median_of(bare->p50, turns));
	print_ratio(ours->p50, bare->p50, turns);
	printf("  %-34s %10.2f %10.2f", "                   p99", median_of(ours->p99, turns),
	       median_of(bare->p99, turns));
	print_ratio(ours->p99, bare->p99, turns);
	for (unsigned d = 0; d < DEPTHS; d++) {
		char text[40];

		snprintf(text, sizeof(text), "1,000 doorbells a second, depth %u", depths[d]);
		printf("  %-34s %10.1f %10.1f", text, median_of(ours->rates[d], turns),
		       median_of(bare->rates[d], turns));
		print_ratio(ours->rates[d], bare->rates[d], turns);
	}
	printf("  %-34s %10.0f %10.0f", "window by copy, MB/s", median_of(ours->bandwidth, turns),
	       median_of(bare->bandwidth, turns));
	print_ratio(ours->bandwidth, bare->bandwidth, turns);
}

/* ---------------------------------------------------------------- turns */

static void pin(pid_t pid, int core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	if (sched_setaffinity(pid, sizeof(set), &set))
		bench_fail("sched_setaffinity");
}

static void run(const char *daemon, bool tcp, unsigned turns)
{
	static const char *const places[] = { "the same core", "another core" };
	static struct results ours, bare;
	struct bench uring, epoll;

	/* Threads that are started from here on are pinned with this one. */
	pin(0, 0);
	bench_uring_open(&uring, daemon, tcp);
	bench_epoll_open(&epoll, tcp);
	for (int core = 0; core < 2; core++) {
		char where[64];

		pin(uring.server, core);
		pin(epoll.server, core);
		for (unsigned turn = 0; turn < turns; turn++) {
			measure(turn % 2 ? &uring : &epoll, turn % 2 ? &ours : &bare, turn);
			measure(turn % 2 ? &epoll : &uring, turn % 2 ? &bare : &ours, turn);
		}
		snprintf(where, sizeof(where), "%s, the server on %s", tcp ? "TCP" : "Unix socket", places[core]);
		print(where, &ours, &bare, turns);
	}
	bench_close(&uring);
	bench_close(&epoll);
}

int main(int argc, char **argv)
{
	const unsigned turns = argc > 2 ? (unsigned)atoi(argv[2]) : TURNS;

	if (argc < 2 || !turns || turns > TURNS_MOST) {
		fprintf(stderr, "usage: %s IDTNTBD [TURNS, 1 to %d]\n", argv[0], TURNS_MOST);
		return 2;
	}
	if (sysconf(_SC_NPROCESSORS_ONLN) < 2) {
		fprintf(stderr, "bench-uring: it compares one core with two, and there is one\n");
		return 77;
	}
	run(argv[1], false, turns);
	run(argv[1], true, turns);
	return 0;
}
