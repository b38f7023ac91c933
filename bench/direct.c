/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What needs nobody's help once it is set up: memcpy to and from a window that is mapped, beside memcpy to the same pages of
 * the same file as another process mapped them for itself; and the read of a register where the switch is in shared memory, beside
 * an atomic load.
 * The peer is another process. It offers the same RAM on every switch, so that all copies go to the same pages, and it
 * sleeps meanwhile, or keeps the other core busy with reading what is written. The mechanisms take turns; of the ratio of medians
 * the median over all turns is shown with its 95 % interval.
 * Usage: bench-direct IVSHMEM-SERVER IDTNTBD [TURNS]
 */
#include "figures.h"
#include "hosts.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS 25
#define COPIES 64 /* of a window, in a turn */
#define BATCHES 500 /* of register reads in a turn */
#define READS 32 /* in each: the clock takes as long as one */

enum { IVSHMEM, SHM, URING_UNIX, SWITCHES };
enum { BARE = SWITCHES, MEMORIES };

static const char *const names[MEMORIES] = { "ivshmem", "shm", "uring:unix", "bare" };

static char specs[SWITCHES][128];
static uint8_t *ram; /* the peer's, as mapped by this process itself */
static struct {
	_Atomic bool watching; /* the peer reads what is written */
	_Atomic unsigned passes; /* that often it has done so */
} * shared;

/* Nobody looks at what is copied, and yet it is to be. */
static void copy_all(void *to, const void *from)
{
	memcpy(to, from, BENCH_RAM_SIZE);
	__asm__ volatile("" : : "r"(to) : "memory");
}

/* ---------------------------------------------------------------- the peer */

/* Serves its switches until it is killed. */
static void be_peer(int fd, int core)
{
	static struct bench_host hosts[SWITCHES];
	struct pollfd fds[SWITCHES];
	static uint8_t copy[BENCH_RAM_SIZE];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	bench_pin(getpid(), core);
	for (unsigned s = 0; s < SWITCHES; s++) {
		bench_host_open(&hosts[s], specs[s], 2, ram, fd);
		fds[s] = (struct pollfd){ idtntb_attachment_fd(hosts[s].attachment), POLLIN, 0 };
	}
	for (;;) {
		const bool watching = atomic_load(&shared->watching);

		poll(fds, SWITCHES, watching ? 0 : 100);
		for (unsigned s = 0; s < SWITCHES; s++) {
			if (fds[s].revents)
				idtntb_attachment_process(hosts[s].attachment);
		}
		if (!watching)
			continue;
		copy_all(copy, ram);
		atomic_fetch_add(&shared->passes, 1);
	}
}

/* ---------------------------------------------------------------- the host */

/* Until the window is mapped, and leads to the peer's RAM. */
static void open_window(struct bench_host *host, unsigned number)
{
	const int64_t deadline = bench_now() + INT64_C(20000000000);

	bench_host_open(host, specs[number], 0, NULL, -1);
	while (!host->window || host->window_size < BENCH_RAM_SIZE) {
		struct pollfd poll_fd = { idtntb_attachment_fd(host->attachment), POLLIN, 0 };

		bench_host_window(host, 1);
		poll(&poll_fd, 1, 20);
		idtntb_attachment_process(host->attachment);
		if (bench_now() > deadline)
			bench_fail("a window that is not mapped");
	}
	memset(host->window, (int)number + 1, BENCH_RAM_SIZE);
	if (ram[0] != number + 1 || ram[BENCH_RAM_SIZE - 1] != number + 1)
		bench_fail("a window that leads elsewhere");
}

/* What is made of a turn: of all samples together, of the median, and of the one that 99 % are faster than. */
struct figures {
	double all[MEMORIES][BENCH_TURNS_MOST], p50[MEMORIES][BENCH_TURNS_MOST], p99[MEMORIES][BENCH_TURNS_MOST];
};

static double sum(const double *samples, unsigned count)
{
	double total = 0;

	for (unsigned i = 0; i < count; i++)
		total += samples[i];
	return total;
}

/* GB/s of copies of a whole window. */
static void time_copies(uint8_t *to, const uint8_t *from, struct figures *figures, unsigned m, unsigned turn)
{
	static double samples[COPIES];

	for (unsigned i = 0; i < COPIES; i++) {
		const int64_t start = bench_now();

		copy_all(to, from);
		samples[i] = (double)(bench_now() - start);
	}
	figures->all[m][turn] = (double)COPIES * BENCH_RAM_SIZE / sum(samples, COPIES);
	figures->p50[m][turn] = BENCH_RAM_SIZE / bench_percentile(samples, COPIES, 50);
	figures->p99[m][turn] = BENCH_RAM_SIZE / bench_percentile(samples, COPIES, 99);
}

/* Nanoseconds of a read: of a register that peers write, or, with no host, of a word in the same kind of memory. */
static void time_reads(struct bench_host *host, struct figures *figures, unsigned m, unsigned turn)
{
	static double samples[BATCHES];

	for (unsigned b = 0; b < BATCHES; b++) {
		const int64_t start = bench_now();

		for (unsigned i = 0; i < READS; i++) {
			if (host)
				bench_read(host, INDBELLSTS);
			else
				(void)atomic_load((_Atomic uint32_t *)(void *)ram);
		}
		samples[b] = (double)(bench_now() - start) / READS;
	}
	figures->all[m][turn] = sum(samples, BATCHES) / BATCHES;
	figures->p50[m][turn] = bench_percentile(samples, BATCHES, 50);
	figures->p99[m][turn] = bench_percentile(samples, BATCHES, 99);
}

static void print(const char *what, const struct figures *figures, unsigned turns)
{
	printf("  %-28s %8s %8s %8s  %-20s  %s\n", what, "mean", "p50", "p99", "mean to the bare one's", "p50 (95 %)");
	for (unsigned m = 0; m < MEMORIES; m++) {
		if (!figures->p50[m][0])
			continue;
		printf("  %-28s %8.2f %8.2f %8.2f", names[m], bench_median(figures->all[m], turns),
		       bench_median(figures->p50[m], turns), bench_median(figures->p99[m], turns));
		if (m != BARE) {
			bench_print_ratio(figures->all[m], figures->all[BARE], turns);
			bench_print_ratio(figures->p50[m], figures->p50[BARE], turns);
		}
		printf("\n");
	}
	fflush(stdout);
}

static void run(struct bench_host *hosts, unsigned turns)
{
	static struct figures writes, reads, registers;
	static uint8_t own[BENCH_RAM_SIZE];

	memset(own, 0x5A, sizeof(own));
	for (unsigned turn = 0; turn < turns; turn++) {
		/* Whose turn is first changes. */
		for (unsigned i = 0; i < MEMORIES; i++) {
			const unsigned m = (turn + i) % MEMORIES;
			uint8_t *memory = m == BARE ? ram : hosts[m].window;

			time_copies(memory, own, &writes, m, turn);
			time_copies(own, memory, &reads, m, turn);
			if (m != URING_UNIX)
				time_reads(m == BARE ? NULL : &hosts[m], &registers, m, turn);
		}
	}
	print("memcpy to a window, GB/s", &writes, turns);
	print("memcpy from a window, GB/s", &reads, turns);
	print("register read, ns", &registers, turns);
}

static int make_ram(void)
{
	const int fd = memfd_create("peer", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, BENCH_RAM_SIZE) || fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW))
		bench_fail("memory");
	ram = mmap(NULL, BENCH_RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (ram == MAP_FAILED || shared == MAP_FAILED)
		bench_fail("memory");
	return fd;
}

static void compare(const int cores[2], int fd, unsigned turns)
{
	static struct bench_host hosts[SWITCHES];
	const pid_t peer = fork();
	unsigned passes;
	int64_t start;

	if (peer < 0)
		bench_fail("fork");
	if (!peer)
		be_peer(fd, cores[1]);
	for (unsigned s = 0; s < SWITCHES; s++)
		open_window(&hosts[s], s);
	printf("the peer sleeps\n");
	run(hosts, turns);
	if (cores[0] != cores[1]) {
		atomic_store(&shared->watching, true);
		while (!atomic_load(&shared->passes))
			usleep(1000);
		start = bench_now();
		passes = atomic_load(&shared->passes);
		printf("the peer reads the same on another core\n");
		run(hosts, turns);
		printf("  it did so every %.0f us\n",
		       (double)(bench_now() - start) / 1000 / (atomic_load(&shared->passes) - passes + 1));
	}
	for (unsigned s = 0; s < SWITCHES; s++)
		bench_host_close(&hosts[s]);
	kill(peer, SIGKILL);
	waitpid(peer, NULL, 0);
}

int main(int argc, char **argv)
{
	const unsigned turns = bench_turns(argc > 3 ? argv[3] : NULL, TURNS);
	char directory[] = "/tmp/idtntb-bench-XXXXXX";
	pid_t server, daemon;
	int cores[2], fd;

	if (argc < 3 || !turns) {
		fprintf(stderr, "usage: %s IVSHMEM-SERVER IDTNTBD [TURNS, 1 to %d]\n", argv[0], BENCH_TURNS_MOST);
		return 2;
	}
	if (!mkdtemp(directory))
		bench_fail("folder");
	bench_cores(cores);
	bench_pin(getpid(), cores[0]);
	fd = make_ram();
	server = bench_server(argv[1], directory, specs[IVSHMEM], sizeof(specs[IVSHMEM]));
	snprintf(specs[SHM], sizeof(specs[SHM]), "shm:%s/ntb0", directory);
	daemon = bench_daemon(argv[2], directory, specs[URING_UNIX], sizeof(specs[URING_UNIX]));
	compare(cores, fd, turns);
	bench_end(server);
	bench_end(daemon);
	bench_folder_remove(directory);
	return 0;
}
