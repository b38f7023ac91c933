/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a 4-byte read over a vfio-user socket costs: of a register and of a window of idtntb-vfio-user, against the same
 * read of the least device that libvfio-user makes, which waits in the same way. The three take turns; medians, and the
 * middle half of what each turn gives. All run on one processor: where the scheduler puts them would decide otherwise.
 */
#include "client.h"
#include "figures.h"

#include <libvfio-user.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TURNS 400
#define READS 100 /* a turn */
#define REGISTER 0x40Cu

static ssize_t least_access(vfu_ctx_t *context, char *data, size_t size, loff_t offset, bool write)
{
	static uint32_t memory[1024];

	(void)context;
	if (write)
		memcpy((char *)memory + offset, data, size);
	else
		memcpy(data, (char *)memory + offset, size);
	return (ssize_t)size;
}

/* Never returns. */
static void least_device(const char *path, int ready)
{
	vfu_ctx_t *context = vfu_create_ctx(VFU_TRANS_SOCK, path, LIBVFIO_USER_FLAG_ATTACH_NB, NULL, VFU_DEV_TYPE_PCI);
	struct pollfd state = { .events = POLLIN };
	bool attached = false;

	if (!context || vfu_pci_init(context, VFU_PCI_TYPE_EXPRESS, PCI_HEADER_TYPE_NORMAL, 0) ||
	    vfu_setup_region(context, VFU_PCI_DEV_BAR0_REGION_IDX, 4096, least_access,
			     VFU_REGION_FLAG_RW | VFU_REGION_FLAG_MEM, NULL, 0, -1, 0) ||
	    vfu_realize_ctx(context) || write(ready, "", 1) != 1)
		_exit(1);
	for (;;) {
		state.fd = vfu_get_poll_fd(context);
		if (poll(&state, 1, -1) != 1)
			continue;
		if (!attached)
			attached = !vfu_attach_ctx(context);
		else if (vfu_run_ctx(context) < 0 && errno == ENOTCONN)
			_exit(0);
	}
}

/* Microseconds of one read, over a turn of them. */
static double turn(struct client *client, uint32_t region)
{
	const int64_t start = bench_now();
	uint32_t value;

	for (unsigned i = 0; i < READS; i++)
		region_read(client, region, region ? 0 : REGISTER, &value, sizeof(value));
	return (double)(bench_now() - start) / 1000 / READS;
}

/* Sorts the times. */
static void print(const char *what, double times[TURNS], const double least[TURNS], double least_median)
{
	double ratios[TURNS], median;

	for (unsigned i = 0; i < TURNS; i++)
		ratios[i] = times[i] / least[i];
	median = bench_percentile(times, TURNS, 50);
	printf("  %-12s %6.2f us, %.2f times (%.2f to %.2f)\n", what, median, median / least_median,
	       bench_percentile(ratios, TURNS, 25), bench_percentile(ratios, TURNS, 75));
}

int main(int argc, char **argv)
{
	static double least[TURNS], sorted[TURNS], registers[TURNS], window[TURNS];
	double median;
	struct client plain, a, b;
	struct server *server;
	char path[64], byte;
	int ready[2];
	cpu_set_t one;
	void *state;
	pid_t pid;

	if (argc != 2) {
		fprintf(stderr, "usage: %s SERVER\n", argv[0]);
		return 2;
	}
	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one))
		perror("not on one processor");
	server_program = argv[1];
	server_setup(&state);
	server = state;
	snprintf(path, sizeof(path), "%s/least", server->folder);
	if (pipe(ready))
		return 1;
	pid = fork();
	if (!pid)
		least_device(path, ready[1]);
	close(ready[1]);
	if (pid < 0 || read(ready[0], &byte, 1) != 1) {
		fprintf(stderr, "libvfio-user's device does not start\n");
		return 1;
	}
	client_connect(&plain, path);
	client_open(&a, server->paths[0]);
	client_open(&b, server->paths[1]);
	client_enable(&a, 0);
	client_enable(&b, 1);
	window_set(&a, 0, 1, RAM_BASE);
	b.ram[0] = 1;
	UNTIL(window_read(&a, 0, 0) == 1);
	for (unsigned i = 0; i < TURNS; i++) {
		least[i] = turn(&plain, 0);
		registers[i] = turn(&a, 0);
		window[i] = turn(&a, LUT_BAR);
	}
	memcpy(sorted, least, sizeof(least));
	median = bench_percentile(sorted, TURNS, 50);
	printf("4-byte read, median of %d turns of %d, times the least device (middle half of the turns):\n", TURNS,
	       READS);
	printf("  %-12s %6.2f us\n", "least device", median);
	print("register", registers, least, median);
	print("window", window, least, median);
	client_close(&plain);
	client_close(&a);
	client_close(&b);
	kill(pid, SIGTERM);
	waitpid(pid, NULL, 0);
	server_end(server, SIGTERM);
	return server_teardown(&state);
}
