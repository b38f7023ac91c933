/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long a doorbell takes from the guest's store to the interrupt callback at its peer, one way, and how many doorbells a
 * second there can be, by how many are rung before the peer answers. Beside each transport the bare mechanism that it is built
 * on: an eventfd that is polled and read; a futex on which a thread sleeps that turns it into such an eventfd; sockets with
 * epoll, through a third process as a daemon is one, and without.
 * Two processes play ping-pong, on one core and on two; what is between them is on the first one's core. The mechanisms take
 * turns, so that what else the machine does hits all of them; of the ratio of medians the median over all turns is shown
 * with its 95 % interval. "ringing" is what of it the sender spends in its store: where the rest goes is on the other side.
 * Usage: bench-wake IVSHMEM-SERVER IDTNTBD [TURNS]
 */
#include "wake.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS 15
#define PINGS 1000 /* of each side in a turn */
#define WARM_UP 100
#define RINGS 1024 /* in a turn, of each depth */

static const struct mechanism *const mechanisms[] = {
	&mechanism_eventfd,      &mechanism_ivshmem,    &mechanism_futex, &mechanism_shm,         &mechanism_unix,
	&mechanism_unix_relayed, &mechanism_uring_unix, &mechanism_tcp,   &mechanism_tcp_relayed, &mechanism_uring_tcp,
};
#define MECHANISMS (sizeof(mechanisms) / sizeof(mechanisms[0]))

static const unsigned depths[] = { 1, 4, 16, 64 };
#define DEPTHS (sizeof(depths) / sizeof(depths[0]))

/* What both processes see. */
static struct {
	struct shared_words words;
	pthread_barrier_t barrier;
	double samples[2 * PINGS]; /* microseconds, of the pings that reached the first, then of those to the other */
	double rings[2 * PINGS]; /* the same, that they spent on ringing */
} * shared;

struct results {
	double p50[BENCH_TURNS_MOST], p99[BENCH_TURNS_MOST], ringing[BENCH_TURNS_MOST], rates[DEPTHS][BENCH_TURNS_MOST];
};

/* ---------------------------------------------------------------- a turn */

/* Ring the other side. @return how long that took. */
static double ring(const struct mechanism *mechanism, struct side *side)
{
	const int64_t start = bench_now();

	atomic_store(&side->words->sent[!side->first], start);
	mechanism->ring(mechanism, side, true);
	return (double)(bench_now() - start) / 1000;
}

/* One side's part of ping-pong: it rings first, or is rung first. */
static void play(const struct mechanism *mechanism, struct side *side)
{
	double *samples = shared->samples + (side->first ? 0 : PINGS),
	       *rings = shared->rings + (side->first ? 0 : PINGS);

	pthread_barrier_wait(&shared->barrier);
	for (unsigned i = 0; i < PINGS + WARM_UP; i++) {
		/* The first ones are written over. */
		const unsigned n = i % PINGS;
		int64_t when;

		if (side->first)
			rings[n] = ring(mechanism, side);
		when = mechanism->wait(mechanism, side);
		samples[n] = (double)(when - atomic_load(&side->words->sent[side->first])) / 1000;
		if (!side->first)
			rings[n] = ring(mechanism, side);
	}
	pthread_barrier_wait(&shared->barrier);
}

/* Thousands a second: so many are rung, then the other side answers with one. */
static double rate(const struct mechanism *mechanism, struct side *side, unsigned depth)
{
	int64_t start;

	pthread_barrier_wait(&shared->barrier);
	start = bench_now();
	for (unsigned done = 0; done < RINGS; done += depth) {
		if (!side->first)
			mechanism->wait(mechanism, side);
		for (unsigned i = side->first ? 0 : depth - 1; i < depth; i++)
			mechanism->ring(mechanism, side, i == depth - 1);
		if (side->first)
			mechanism->wait(mechanism, side);
	}
	return RINGS * 1e6 / (double)(bench_now() - start);
}

static void measure(const struct mechanism *mechanism, struct side *side, struct results *results, unsigned turn)
{
	play(mechanism, side);
	if (side->first) {
		results->p50[turn] = bench_percentile(shared->samples, 2 * PINGS, 50);
		results->p99[turn] = bench_percentile(shared->samples, 2 * PINGS, 99);
		results->ringing[turn] = bench_percentile(shared->rings, 2 * PINGS, 50);
	}
	for (unsigned d = 0; d < DEPTHS; d++)
		results->rates[d][turn] = rate(mechanism, side, depths[d]);
}

/* ---------------------------------------------------------------- what comes of it */

/* Of what a mechanism is built on, or NULL. */
static const struct results *of_bare(const struct results *results, unsigned m)
{
	for (unsigned bare = 0; bare < MECHANISMS; bare++) {
		if (mechanisms[bare] == mechanisms[m]->bare)
			return &results[bare];
	}
	return NULL;
}

static void print_one_way(const struct results *results, unsigned turns)
{
	printf("  %-26s %9s %9s %9s  %s\n", "one way, us", "p50", "p99", "ringing", "p50 to the bare one's (95 %)");
	for (unsigned m = 0; m < MECHANISMS; m++) {
		const struct results *bare = of_bare(results, m);

		printf("  %-26s %9.2f %9.2f %9.2f", mechanisms[m]->name, bench_median(results[m].p50, turns),
		       bench_median(results[m].p99, turns), bench_median(results[m].ringing, turns));
		if (bare)
			bench_print_ratio(results[m].p50, bare->p50, turns);
		printf("\n");
	}
}

static void print_rates(const struct results *results, unsigned turns)
{
	printf("  %-26s", "1,000 a second, at depth");
	for (unsigned d = 0; d < DEPTHS; d++)
		printf(" %9u %21s", depths[d], "to the bare (95 %)");
	printf("\n");
	for (unsigned m = 0; m < MECHANISMS; m++) {
		const struct results *bare = of_bare(results, m);

		printf("  %-26s", mechanisms[m]->name);
		for (unsigned d = 0; d < DEPTHS; d++) {
			printf(" %9.1f", bench_median(results[m].rates[d], turns));
			if (bare)
				bench_print_ratio(results[m].rates[d], bare->rates[d], turns);
			else
				printf(" %21s", "");
		}
		printf("\n");
	}
}

static void run(struct side *side, const int cores[2], unsigned turns)
{
	static const char *const where[] = { "both on one core", "on two cores" };
	static struct results results[MECHANISMS];

	for (unsigned apart = 0; apart < (cores[0] == cores[1] ? 1 : 2); apart++) {
		bench_pin(getpid(), apart && !side->first ? cores[1] : cores[0]);
		for (unsigned turn = 0; turn < turns; turn++)
			for (unsigned m = 0; m < MECHANISMS; m++)
				measure(mechanisms[m], side, &results[m], turn);
		if (!side->first)
			continue;
		printf("%s\n", where[apart]);
		print_one_way(results, turns);
		print_rates(results, turns);
		fflush(stdout);
	}
}

/* ---------------------------------------------------------------- two processes */

static void play_side(struct side *side, const int cores[2], unsigned turns)
{
	for (unsigned m = 0; m < MECHANISMS; m++) {
		if (mechanisms[m]->prepare)
			mechanisms[m]->prepare(mechanisms[m], side);
		pthread_barrier_wait(&shared->barrier);
	}
	run(side, cores, turns);
	for (unsigned m = 0; m < MECHANISMS; m++) {
		if (mechanisms[m]->finish)
			mechanisms[m]->finish(mechanisms[m], side);
	}
}

static void share(void)
{
	pthread_barrierattr_t between_processes;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		bench_fail("memory");
	pthread_barrierattr_init(&between_processes);
	pthread_barrierattr_setpshared(&between_processes, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->barrier, &between_processes, 2);
}

int main(int argc, char **argv)
{
	const unsigned turns = bench_turns(argc > 3 ? argv[3] : NULL, TURNS);
	char directory[] = "/tmp/idtntb-bench-XXXXXX";
	static struct side side = { .first = true };
	pid_t servers[3], other;
	int cores[2], status;

	if (argc < 3 || !turns) {
		fprintf(stderr, "usage: %s IVSHMEM-SERVER IDTNTBD [TURNS, 1 to %d]\n", argv[0], BENCH_TURNS_MOST);
		return 2;
	}
	share();
	if (!mkdtemp(directory))
		bench_fail("folder");
	side.words = &shared->words;
	/* Whoever is started from here on is on the first one's core. */
	bench_cores(cores);
	bench_pin(getpid(), cores[0]);
	wake_eventfds(&side);
	wake_sockets(&side);
	servers[0] = bench_server(argv[1], directory, side.specs[IVSHMEM], sizeof(side.specs[IVSHMEM]));
	snprintf(side.specs[SHM], sizeof(side.specs[SHM]), "shm:%s/ntb0", directory);
	servers[1] = bench_daemon(argv[2], directory, side.specs[URING_UNIX], sizeof(side.specs[URING_UNIX]));
	servers[2] = bench_daemon(argv[2], NULL, side.specs[URING_TCP], sizeof(side.specs[URING_TCP]));
	other = fork();
	if (other < 0)
		bench_fail("fork");
	if (!other) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		side.first = false;
		play_side(&side, cores, turns);
		_exit(0);
	}
	play_side(&side, cores, turns);
	waitpid(other, &status, 0);
	for (unsigned i = 0; i < 3; i++)
		bench_end(servers[i]);
	bench_folder_remove(directory);
	return status != 0;
}
