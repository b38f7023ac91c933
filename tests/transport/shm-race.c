/* SPDX-License-Identifier: BSD-3-Clause */
/* Eight processes on one file: all at once, none first, killed at any instruction; and one that scribbles over it. */
#include "bed.h"

#include <fcntl.h>
#include <idtntb-view.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define PORTS 8
#define ROUNDS 5

static struct idtntb_topology topology;

static uint32_t any(void)
{
	static uint32_t seed = 7;

	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

/* Start all and wait for none. */
static void start_all(const struct bed *bed, struct peer peers[PORTS])
{
	for (unsigned slot = 0; slot < PORTS; slot++)
		peer_launch(&peers[slot], bed->spec, topology.ports[slot].port, "8");
}

static void race(struct bed *bed)
{
	struct idtntb_error error = { "" };
	struct peer peers[PORTS];
	struct host viewer;

	start_all(bed, peers);
	for (unsigned slot = 0; slot < PORTS; slot++)
		peer_wait(&peers[slot], topology.ports[slot].port, NULL);
	/* Everybody is on the same switch: the one of the last port sees the others when it comes back. */
	peer_kill(&peers[PORTS - 1]);
	assert_int_equal(host_try(&viewer, bed->spec, topology.ports[PORTS - 1].port, &topology, 0, &error), 0);
	for (unsigned slot = 0; slot < PORTS; slot++)
		HOST_UNTIL(link_up(&viewer, slot), &viewer, NULL, NULL);
	for (unsigned slot = 0; slot + 1 < PORTS; slot++)
		peer_kill(&peers[slot]);
	for (unsigned slot = 0; slot + 1 < PORTS; slot++)
		HOST_UNTIL(!link_up(&viewer, slot), &viewer, NULL, NULL);
	host_close(&viewer);
}

static void test_none_first(void **state)
{
	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		struct bed bed;

		bed_make(&bed, &bed_shm);
		race(&bed);
		bed_end(&bed);
	}
}

static void ignore_msi(void *opaque, uint64_t address, uint32_t data)
{
	(void)opaque;
	(void)address;
	(void)data;
}

static void ignore_intx(void *opaque, bool level)
{
	(void)opaque;
	(void)level;
}

struct racer {
	pthread_t thread;
	pthread_barrier_t *barrier;
	struct idtntb_attach_options options;
	struct idtntb_attachment *attachment;
	struct idtntb_error error;
	int result;
};

static void *attach_at_once(void *opaque)
{
	const struct idtntb_frontend_ops ops = { .size = sizeof(ops), .msi = ignore_msi, .intx = ignore_intx };
	struct racer *racer = opaque;

	pthread_barrier_wait(racer->barrier);
	racer->result = idtntb_attach(&racer->attachment, &racer->options, &ops, racer, &racer->error);
	return NULL;
}

/* All find the same switch, and nobody has made it a second time under the first ones. */
static void check_racers(struct racer racers[PORTS])
{
	struct idtntb_error error = { "" };
	struct idtntb_view *view;

	for (unsigned slot = 0; slot < PORTS; slot++) {
		if (racers[slot].result)
			fail_msg("port %u: %s", racers[slot].options.port, racers[slot].error.text);
	}
	if (idtntb_view_open(&view, racers[0].options.spec, &error))
		fail_msg("%s", error.text);
	for (unsigned slot = 0; slot < PORTS; slot++) {
		struct idtntb_member holder = { .owner = 0 };

		idtntb_switch_member(idtntb_view_switch(view), racers[slot].options.port, &holder);
		assert_int_not_equal(holder.owner, 0);
	}
	idtntb_view_close(view);
}

/* The same in the same microsecond: threads have no program to start first. */
static void test_at_once(void **state)
{
	pthread_barrier_t barrier;

	(void)state;
	pthread_barrier_init(&barrier, NULL, PORTS);
	for (unsigned round = 0; round < 40; round++) {
		struct racer racers[PORTS];
		struct bed bed;

		bed_make(&bed, &bed_shm);
		for (unsigned slot = 0; slot < PORTS; slot++) {
			racers[slot] = (struct racer){ .barrier = &barrier };
			racers[slot].options.spec = bed.spec;
			racers[slot].options.port = topology.ports[slot].port;
			racers[slot].options.topology = &topology;
			assert_int_equal(pthread_create(&racers[slot].thread, NULL, attach_at_once, &racers[slot]), 0);
		}
		for (unsigned slot = 0; slot < PORTS; slot++)
			pthread_join(racers[slot].thread, NULL);
		check_racers(racers);
		for (unsigned slot = 0; slot < PORTS; slot++)
			idtntb_detach(racers[slot].attachment);
		bed_end(&bed);
	}
	pthread_barrier_destroy(&barrier);
}

/* Killed at any time from their first instruction on, the makers of the file too: what they leave is taken over. */
static void test_killed_makers(void **state)
{
	struct bed bed;

	(void)state;
	bed_make(&bed, &bed_shm);
	for (unsigned round = 0; round < 30; round++) {
		struct peer peers[PORTS];

		if (round % 4 == 0)
			unlink(bed_file(&bed));
		start_all(&bed, peers);
		usleep(any() % 20000);
		for (unsigned slot = 0; slot < PORTS; slot++)
			kill(peers[slot].pid, SIGKILL);
		for (unsigned slot = 0; slot < PORTS; slot++)
			peer_kill(&peers[slot]);
		if (round % 10 == 9)
			race(&bed);
	}
	race(&bed);
	bed_end(&bed);
}

/* A process that has the file and has gone mad. Returns when it is told to end. */
static pid_t scribble(const char *path)
{
	pid_t pid = fork();
	struct stat st;
	uint8_t *memory;
	int fd;

	if (pid)
		return pid;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st))
		_exit(1);
	memory = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		_exit(1);
	for (;;) {
		/* Everywhere; and more often where it hurts: the block, and the words that threads sleep on. */
		memory[any() % (size_t)st.st_size] = (uint8_t)any();
		memory[any() % 0x11000] = (uint8_t)any();
		memory[0x10000 + any() % 0x440] = (uint8_t)any();
	}
}

/* Ports go on under it: no crash, no access without end, nothing beside what is offered. */
static void test_scribbled(void **state)
{
	const int64_t end = now_ms() + 4000;
	int64_t longest = 0;
	struct host a, b;
	struct peer peer;
	struct bed bed;
	unsigned before;
	pid_t mad;

	(void)state;
	bed_make(&bed, &bed_shm);
	before = open_descriptors();
	assert_int_equal(host_try(&a, bed.spec, topology.ports[0].port, &topology, 0, NULL), 0);
	assert_int_equal(host_try(&b, bed.spec, topology.ports[1].port, &topology, 0, NULL), 0);
	peer_launch(&peer, bed.spec, topology.ports[2].port, "8");
	peer_wait(&peer, topology.ports[2].port, NULL);
	memset(b.ram, 0x5A, RAM_SIZE);
	host_offer(&b, RAM_BASE, 0x100000, 0x100000, false);
	window_set(&a, 0, 1, RAM_BASE);
	window_set(&b, 0, 0, RAM_BASE);
	HOST_UNTIL(link_up(&a, 1) && link_up(&a, 2), &a, &b, NULL);
	mad = scribble(bed_file(&bed));
	assert_true(mad > 0);
	while (now_ms() < end) {
		const int64_t start = now_ms();
		uint64_t value = any();

		for (struct host *host = &a; host; host = host == &a ? &b : NULL) {
			copy_write(host, 0, any() % 0x1000, &value, sizeof(value));
			copy_read(host, 0, any() % 0x1000, &value, sizeof(value));
			nt_write(host, 0x420, any());
			nt_write(host, 0x430, any());
			nt_read(host, 0x428);
			hosts_wait(host, NULL, NULL, 0);
		}
		if (now_ms() - start > longest)
			longest = now_ms() - start;
	}
	assert_int_equal(waitpid(mad, NULL, WNOHANG), 0);
	kill(mad, SIGKILL);
	waitpid(mad, NULL, 0);
	print_message("longest turn %lld ms\n", (long long)longest);
	assert_true(longest < 25000); /* four accesses of 3 s each, at the worst */
	for (size_t i = 0; i < 0x100000; i++) {
		if (b.ram[i] != 0x5A || b.ram[0x200000 + i] != 0x5A)
			fail_msg("RAM beside the offer has changed at 0x%zx", i);
	}
	/* The peer in its own process lives as well. */
	assert_int_equal(waitpid(peer.pid, NULL, WNOHANG), 0);
	peer_kill(&peer);
	host_close(&a);
	host_close(&b);
	assert_int_equal(open_descriptors(), before);
	bed_end(&bed);
}

/*
 * A name that is too long for sockets beside it: windows go by copy, and a line says so; a death shows in the lock alone,
 * within a second and what the machine adds.
 */
static void test_no_sockets(void **state)
{
	uint32_t value = 0x10CC0DE, back = 0;
	char folder[160];
	struct host a;
	struct peer b;
	struct bed bed;
	int64_t start;

	(void)state;
	bed_make(&bed, &bed_shm);
	snprintf(folder, sizeof(folder), "%s/%.*s", bed.directory, 80,
		 "looooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooooong");
	assert_int_equal(mkdir(folder, 0700), 0);
	snprintf(bed.spec, sizeof(bed.spec), "shm:%s/ntb0", folder);
	host_open(&a, bed.spec, 0, 0);
	assert_non_null(strstr(a.log, "too long"));
	peer_start(&b, bed.spec, 2, NULL);
	window_set(&a, 0, 1, RAM_BASE);
	HOST_UNTIL(link_up(&a, 1), &a, NULL, NULL);
	hosts_run_for(&a, NULL, NULL, 50);
	assert_null(a.maps[WINDOW(0)].base);
	copy_write(&a, 0, 0x40, &value, sizeof(value));
	copy_read(&a, 0, 0x40, &back, sizeof(back));
	assert_int_equal(back, value);
	peer_kill(&b);
	start = now_ms();
	HOST_UNTIL(!link_up(&a, 1), &a, NULL, NULL);
	print_message("noticed by its lock after %lld ms\n", (long long)(now_ms() - start));
	assert_true(now_ms() - start < 5000);
	host_close(&a);
	unlink(bed_file(&bed));
	assert_int_equal(rmdir(folder), 0);
	bed_end(&bed);
}

/* Where hosts are connected for their RAM, its end shows at once. */
static void test_death_shows(void **state)
{
	int64_t longest = 0;
	struct bed bed;
	struct host a;

	(void)state;
	bed_make(&bed, &bed_shm);
	host_open(&a, bed.spec, 0, 0);
	for (unsigned round = 0; round < 5; round++) {
		const unsigned before = open_descriptors();
		struct peer b;
		int64_t start;

		peer_start(&b, bed.spec, 2, NULL);
		window_set(&a, 0, 1, RAM_BASE);
		HOST_UNTIL(a.maps[WINDOW(0)].base, &a, NULL, NULL);
		peer_kill(&b);
		start = now_ms();
		HOST_UNTIL(!link_up(&a, 1) && !a.maps[WINDOW(0)].base, &a, NULL, NULL);
		if (now_ms() - start > longest)
			longest = now_ms() - start;
		/* Nothing of the dead is kept, least of all its RAM. */
		HOST_UNTIL(open_descriptors() == before, &a, NULL, NULL);
	}
	print_message("noticed by its socket after %lld ms at most\n", (long long)longest);
	assert_true(longest < 800);
	host_close(&a);
	bed_end(&bed);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_none_first),    cmocka_unit_test(test_at_once),
		cmocka_unit_test(test_killed_makers), cmocka_unit_test(test_scribbled),
		cmocka_unit_test(test_no_sockets),    cmocka_unit_test(test_death_shows),
	};

	assert_int_equal(idtntb_topology_parse(&topology, NULL, "8", NULL, NULL), 0);
	return BED_MAIN(tests, argc, argv);
}
