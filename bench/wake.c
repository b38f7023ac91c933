/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long a doorbell takes from the guest's store to the interrupt callback at its peer, one way, over ivshmem and shm;
 * beside the bare mechanism that each is built on: an eventfd that is polled and read, and a futex on which a thread
 * sleeps that turns it into such an eventfd. Two processes play ping-pong, on one core and on two. The mechanisms take
 * turns, so that what else the machine does hits all of them; of the ratio of medians the median over all turns is shown
 * with its 95 % interval. "ringing" is what of it the sender spends in its store: where the rest goes is on the other side.
 * Usage: bench-wake IVSHMEM-SERVER [TURNS]
 */
#include "wake.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS 25
#define TURNS_MOST 200
#define PINGS 1500 /* of each side in a turn */
#define WARM_UP 100

static const struct mechanism *const mechanisms[] = { &mechanism_eventfd, &mechanism_ivshmem, &mechanism_futex,
						      &mechanism_shm };
#define MECHANISMS (sizeof(mechanisms) / sizeof(mechanisms[0]))

/* What both processes see. */
static struct {
	struct shared_words words;
	pthread_barrier_t barrier;
	int64_t samples[2][PINGS]; /* nanoseconds, of the pings that reached this side */
	int64_t rings[2][PINGS]; /* the same, that this side spent on ringing */
} * shared;

void wake_fail(const char *what)
{
	fprintf(stderr, "bench-wake: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* Ring the other side. @return how long that took. */
static int64_t ring(const struct mechanism *mechanism, struct side *side)
{
	const int64_t start = wake_now();

	atomic_store(&side->words->sent[!side->first], start);
	mechanism->ring(side);
	return wake_now() - start;
}

/* One side's part of a turn: it rings first, or is rung first. */
static void play(const struct mechanism *mechanism, struct side *side)
{
	int64_t *samples = shared->samples[!side->first], *rings = shared->rings[!side->first];

	pthread_barrier_wait(&shared->barrier);
	for (unsigned i = 0; i < PINGS + WARM_UP; i++) {
		/* The first ones are written over. */
		const unsigned n = i % PINGS;

		if (side->first)
			rings[n] = ring(mechanism, side);
		samples[n] = mechanism->wait(side) - atomic_load(&side->words->sent[side->first]);
		if (!side->first)
			rings[n] = ring(mechanism, side);
	}
	pthread_barrier_wait(&shared->barrier);
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Microseconds at a percentage of what both sides have seen. */
static double percentile(int64_t samples[2][PINGS], unsigned percent)
{
	static double all[2 * PINGS];

	for (unsigned i = 0; i < 2 * PINGS; i++)
		all[i] = (double)samples[i / PINGS][i % PINGS] / 1000;
	qsort(all, 2 * PINGS, sizeof(all[0]), by_size);
	return all[2 * PINGS * percent / 100];
}

struct results {
	double p50[MECHANISMS][TURNS_MOST], p99[MECHANISMS][TURNS_MOST], ringing[MECHANISMS][TURNS_MOST];
};

static double median(const double *values, unsigned count)
{
	double sorted[TURNS_MOST];

	memcpy(sorted, values, count * sizeof(*sorted));
	qsort(sorted, count, sizeof(*sorted), by_size);
	return sorted[count / 2];
}

/* The median of ratios, and the order statistics that enclose it with 95 %: n/2 -+ 0.98 sqrt(n). */
static void print_ratio(const double *values, const double *floor, unsigned count)
{
	double ratios[TURNS_MOST];
	unsigned reach = 0;

	for (unsigned i = 0; i < count; i++)
		ratios[i] = values[i] / floor[i];
	qsort(ratios, count, sizeof(*ratios), by_size);
	while ((reach + 1) * (reach + 1) <= count * 97 / 100 && reach + 1 <= count / 2)
		reach++;
	printf("  %4.2f (%4.2f to %4.2f)", ratios[count / 2], ratios[count / 2 - reach],
	       ratios[count / 2 + reach < count ? count / 2 + reach : count - 1]);
}

static void print(const char *where, const struct results *results, unsigned turns)
{
	printf("%s\n  %-28s %9s %9s %9s  %s\n", where, "", "p50 us", "p99 us", "ringing",
	       "p50 to the bare one's (95 %)");
	for (unsigned m = 0; m < MECHANISMS; m++) {
		printf("  %-28s %9.2f %9.2f %9.2f", mechanisms[m]->name, median(results->p50[m], turns),
		       median(results->p99[m], turns), median(results->ringing[m], turns));
		/* Each follows the bare one it is built on. */
		if (m % 2)
			print_ratio(results->p50[m], results->p50[m - 1], turns);
		printf("\n");
	}
}

static void run(struct side *side, unsigned turns)
{
	static const char *const where[] = { "both on one core", "on two cores" };
	static struct results results;

	for (unsigned apart = 0; apart < 2; apart++) {
		wake_pin(apart && !side->first ? side->cores[1] : side->cores[0]);
		for (unsigned turn = 0; turn < turns; turn++) {
			for (unsigned m = 0; m < MECHANISMS; m++) {
				play(mechanisms[m], side);
				if (!side->first)
					continue;
				results.p50[m][turn] = percentile(shared->samples, 50);
				results.p99[m][turn] = percentile(shared->samples, 99);
				results.ringing[m][turn] = percentile(shared->rings, 50);
			}
		}
		if (side->first)
			print(where[apart], &results, turns);
	}
}

/* The first two cores that we may use, or one twice. */
static void choose_cores(int cores[2])
{
	cpu_set_t set;
	int found = 0;

	if (sched_getaffinity(0, sizeof(set), &set))
		wake_fail("sched_getaffinity");
	cores[0] = cores[1] = 0;
	for (int core = 0; core < CPU_SETSIZE && found < 2; core++) {
		if (CPU_ISSET(core, &set))
			cores[found++] = core;
	}
	if (found == 1)
		cores[1] = cores[0];
}

static void play_side(struct side *side, unsigned turns)
{
	for (unsigned m = 0; m < MECHANISMS; m++) {
		if (mechanisms[m]->prepare)
			mechanisms[m]->prepare(side);
		pthread_barrier_wait(&shared->barrier);
	}
	run(side, turns);
	for (unsigned m = 0; m < MECHANISMS; m++) {
		if (mechanisms[m]->finish)
			mechanisms[m]->finish(side);
	}
}

int main(int argc, char **argv)
{
	const unsigned turns = argc > 2 ? (unsigned)atoi(argv[2]) : TURNS;
	char directory[] = "/tmp/idtntb-bench-XXXXXX";
	pthread_barrierattr_t between_processes;
	static struct side side;
	pid_t server, other;
	int status;

	if (argc < 2 || !turns || turns > TURNS_MOST) {
		fprintf(stderr, "usage: %s IVSHMEM-SERVER [TURNS, 1 to %d]\n", argv[0], TURNS_MOST);
		return 2;
	}
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED || !mkdtemp(directory))
		wake_fail("memory and folder");
	pthread_barrierattr_init(&between_processes);
	pthread_barrierattr_setpshared(&between_processes, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&shared->barrier, &between_processes, 2);
	side = (struct side){ .first = true, .directory = directory, .words = &shared->words };
	choose_cores(side.cores);
	wake_eventfds(&side);
	server = wake_server(&side, argv[1]);
	other = fork();
	if (other < 0)
		wake_fail("fork");
	if (!other) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		side.first = false;
		play_side(&side, turns);
		_exit(0);
	}
	play_side(&side, turns);
	waitpid(other, &status, 0);
	wake_clean_up(&side, server);
	return status != 0;
}
