/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A switch in a daemon: round trip of a register read, doorbells a second by how many are rung before one looks, bandwidth
 * of windows. Beside them a bare server on the same kind of socket, with one epoll loop, that answers messages of the same
 * size. Daemon and bare server take turns, on the client's core and on another; of the ratio of medians the median over all
 * turns is shown with its 95 % interval. What goes from host to host is in bench-wake.
 * Usage: bench-uring IDTNTBD [TURNS]
 */
#include "uring.h"

#include <stdio.h>
#include <unistd.h>

#define TURNS 15
#define READS 1500 /* in a turn */
#define RINGS 4096 /* in a turn, of each depth */
#define BYTES (64u << 10)
#define COPIES 128 /* of so many bytes in a turn */

static const unsigned depths[] = { 1, 4, 16, 64 };
#define DEPTHS (sizeof(depths) / sizeof(depths[0]))

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
	*p50 = bench_percentile(samples, READS, 50);
	*p99 = bench_percentile(samples, READS, 99);
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
	double p50[BENCH_TURNS_MOST], p99[BENCH_TURNS_MOST], rates[DEPTHS][BENCH_TURNS_MOST],
		bandwidth[BENCH_TURNS_MOST];
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
	printf("  %-34s %10.2f %10.2f", "register read, us, p50", bench_median(ours->p50, turns),
	       bench_median(bare->p50, turns));
	bench_print_ratio(ours->p50, bare->p50, turns);
	printf("\n");
	printf("  %-34s %10.2f %10.2f", "                   p99", bench_median(ours->p99, turns),
	       bench_median(bare->p99, turns));
	bench_print_ratio(ours->p99, bare->p99, turns);
	printf("\n");
	for (unsigned d = 0; d < DEPTHS; d++) {
		char text[40];

		snprintf(text, sizeof(text), "1,000 doorbells a second, depth %u", depths[d]);
		printf("  %-34s %10.1f %10.1f", text, bench_median(ours->rates[d], turns),
		       bench_median(bare->rates[d], turns));
		bench_print_ratio(ours->rates[d], bare->rates[d], turns);
		printf("\n");
	}
	printf("  %-34s %10.0f %10.0f", "window by copy, MB/s", bench_median(ours->bandwidth, turns),
	       bench_median(bare->bandwidth, turns));
	bench_print_ratio(ours->bandwidth, bare->bandwidth, turns);
	printf("\n");
}

/* ---------------------------------------------------------------- turns */

static void run(const char *daemon, bool tcp, const int cores[2], unsigned turns)
{
	static const char *const places[] = { "the same core", "another core" };
	static struct results ours, bare;
	struct bench uring, epoll;

	/* Threads that are started from here on are pinned with this one. */
	bench_pin(getpid(), cores[0]);
	bench_uring_open(&uring, daemon, tcp);
	bench_epoll_open(&epoll, tcp);
	for (int core = 0; core < 2; core++) {
		char where[64];

		bench_pin(uring.server, cores[core]);
		bench_pin(epoll.server, cores[core]);
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
	const unsigned turns = bench_turns(argc > 2 ? argv[2] : NULL, TURNS);
	int cores[2];

	if (argc < 2 || !turns) {
		fprintf(stderr, "usage: %s IDTNTBD [TURNS, 1 to %d]\n", argv[0], BENCH_TURNS_MOST);
		return 2;
	}
	/* Once: pinned, there is only one. */
	bench_cores(cores);
	if (cores[0] == cores[1]) {
		fprintf(stderr, "bench-uring: it compares one core with two, and there is one\n");
		return 77;
	}
	run(argv[1], false, cores, turns);
	run(argv[1], true, cores, turns);
	return 0;
}
