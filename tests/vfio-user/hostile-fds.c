/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients whose descriptors are wrong: too many, of the wrong kind, RAM that is none or that goes away. */
#include "attack.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/vfs.h>
#include <unistd.h>

static void many_descriptors(struct server *server, struct client *client)
{
	const uint32_t set[5] = { 20, TRIGGER_EVENTFD, 1, 0, 1 };
	int fds[200];

	(void)server;
	for (unsigned i = 0; i < 200; i++)
		fds[i] = client->irq;
	send_message(client, SET_IRQS, 0, set, sizeof(set), fds, 200);
}

static void unwanted_descriptors(struct server *server, struct client *client)
{
	const uint32_t access[4] = { 0, 0, 0, 4 };

	(void)server;
	send_message(client, REGION_READ, 0, access, sizeof(access), &client->irq, 1);
}

static void a_pipe_for_interrupts(struct server *server, struct client *client)
{
	const uint32_t set[5] = { 20, TRIGGER_EVENTFD, 1, 0, 1 };
	int fds[2];

	(void)server;
	assert_int_equal(pipe(fds), 0);
	send_message(client, SET_IRQS, 0, set, sizeof(set), fds + 1, 1);
	close(fds[0]);
	close(fds[1]);
}

/* It is not the client's fault when the server has no number left for a descriptor. */
static void none_to_be_had(struct server *server, struct client *client)
{
	const pid_t pid = server->program.pid;
	struct rlimit usual, none;
	char path[48], target[8];

	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, NULL, &usual), 0);
	none = usual;
	settled_descriptors(server);
	/* What is below is taken. */
	for (none.rlim_cur = 0;; none.rlim_cur++) {
		snprintf(path, sizeof(path), "/proc/%d/fd/%u", (int)pid, (unsigned)none.rlim_cur);
		if (readlink(path, target, sizeof(target)) < 0)
			break;
	}
	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &none, NULL), 0);
	dma_map(client, 0x10000, 0, 0x1000, client->ram_fd);
	assert_int_equal(prlimit(pid, RLIMIT_NOFILE, &usual, NULL), 0);
}

static void descriptors(void **state)
{
	attack(*state, many_descriptors, true, "thrown out: more than 16 descriptors");
	attack(*state, unwanted_descriptors, true, "thrown out: REGION_READ with 1 descriptors");
	attack(*state, a_pipe_for_interrupts, true, "thrown out: DEVICE_SET_IRQS with a descriptor that is no eventfd");
	attack(*state, none_to_be_had, true, "thrown out: its descriptors cannot be taken: raise the limit");
}

/* An eventfd that is full and would block: the interrupt is pending in it, and nobody waits. */
static void full_eventfd(struct server *server, struct client *client)
{
	const uint64_t full = UINT64_MAX - 1;
	int fd = eventfd(0, 0);

	(void)server;
	assert_int_equal(set_irq(client, 1, TRIGGER_EVENTFD, 1, &fd, 1), 0);
	client_enable(client, 0);
	assert_int_equal(write(fd, &full, sizeof(full)), sizeof(full));
	assert_int_equal(fcntl(fd, F_SETFL, 0), 0);
	nt_write(client, 0x420, 1);
	assert_int_equal(nt_read(client, 0x428), 1);
	close(fd);
}

static struct {
	int fd;
	atomic_bool stop;
} flipped;

/* Empties and fills it, so that there is room when the server looks, and none when it writes. Left full, and blocking. */
static void *flip(void *opaque)
{
	const uint64_t full = UINT64_MAX - 1;
	uint64_t count;

	for (;;) {
		fcntl(flipped.fd, F_SETFL, O_NONBLOCK);
		if (read(flipped.fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
			return opaque;
		if (write(flipped.fd, &full, sizeof(full)) < 0)
			continue;
		fcntl(flipped.fd, F_SETFL, 0);
		if (atomic_load(&flipped.stop))
			return opaque;
	}
}

static void flipping_eventfd(struct server *server, struct client *client)
{
	const uint32_t ring[5] = { 0x420, 0, 0, 4, 1 }, clear[5] = { 0x428, 0, 0, 4, 1 };

	(void)server;
	flipped.fd = eventfd(0, EFD_NONBLOCK);
	assert_int_equal(set_irq(client, 1, TRIGGER_EVENTFD, 1, &flipped.fd, 1), 0);
	client_enable(client, 0);
	for (unsigned round = 0; round < 300; round++) {
		pthread_t thread;

		atomic_store(&flipped.stop, false);
		assert_int_equal(pthread_create(&thread, NULL, flip, NULL), 0);
		for (unsigned i = 0; i < 20; i++) {
			send_message(client, REGION_WRITE, FLAG_NO_REPLY, ring, sizeof(ring), NULL, 0);
			send_message(client, REGION_WRITE, FLAG_NO_REPLY, clear, sizeof(clear), NULL, 0);
		}
		atomic_store(&flipped.stop, true);
		pthread_join(thread, NULL);
		/* It answers, though nobody reads the eventfd any more. */
		nt_read(client, 0x428);
	}
	close(flipped.fd);
}

static void interrupts_that_block(void **state)
{
	attack(*state, full_eventfd, true, NULL);
	attack(*state, flipping_eventfd, true, NULL);
}

/* RAM that is none: each is an error of the request. */
static void bad_ram(struct server *server, struct client *client)
{
	int fd = open(server->folder, O_TMPFILE | O_RDWR, 0600);
	struct statfs fs;

	/* Where the folder is on a disk; on a tmpfs it is as good as any memory. (Not all file systems have such files.) */
	if (fd >= 0) {
		assert_int_equal(ftruncate(fd, 0x10000), 0);
		assert_int_equal(fstatfs(fd, &fs), 0);
		if (fs.f_type == TMPFS_MAGIC) {
			assert_int_equal(dma_map(client, 0x10000, 0, 0x10000, fd), 0);
			assert_int_equal(dma_unmap(client, 0x10000, 0x10000), 0);
		} else {
			assert_true(dma_map(client, 0x10000, 0, 0x10000, fd) > 0);
		}
		close(fd);
	}
	fd = open("/dev/null", O_RDWR);
	assert_true(dma_map(client, 0x1000, 0, 0x1000, fd) > 0);
	close(fd);
	fd = memfd_create("ro", MFD_ALLOW_SEALING);
	assert_int_equal(ftruncate(fd, 0x1000), 0);
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
	assert_true(dma_map(client, 0x1000, 0, 0x1000, fd) > 0);
	close(fd);
	/* More files than a client may have. */
	for (unsigned i = 0; i < 40; i++) {
		int error;

		fd = memfd_create("many", 0);
		assert_int_equal(ftruncate(fd, 0x1000), 0);
		error = dma_map(client, 0x10000000 + i * 0x1000, 0, 0x1000, fd);
		assert_true(i < 31 ? error == 0 : error > 0);
		close(fd);
	}
	/* More than there is address space. */
	fd = memfd_create("large", 0);
	assert_int_equal(ftruncate(fd, 1ll << 45), 0);
	assert_true(dma_map(client, 1ull << 46, 0, 1ull << 40, fd) > 0);
	close(fd);
}

static void ram(void **state)
{
	attack(*state, bad_ram, true, NULL);
}

/* A file cut short under the server and under the peer that reads it: nobody dies but the connection. */
static void cut_short(void **state)
{
	struct server *server = *state;
	struct client a, b;

	for (unsigned round = 0; round < 3; round++) {
		client_open(&a, server->paths[0]);
		client_open(&b, server->paths[1]);
		client_enable(&a, 0);
		client_enable(&b, 1);
		window_set(&b, 0, 0, RAM_BASE);
		/* Not a page: by copy through the owner. */
		window_set(&b, 1, 0, RAM_BASE + 0x100004);
		a.ram[0x10] = 7;
		UNTIL((window_read(&b, 0, 0x10) & 0xFF) == 7);
		if (round == 1)
			UNTIL(window_read(&b, 1, 0x10) == 0);
		assert_int_equal(ftruncate(a.ram_fd, 0), 0);
		if (round != 1) {
			assert_int_equal(window_read(&b, 0, 0x10), 0xFFFFFFFF);
			window_write(&b, 0, 0x14, 1);
		}
		window_write(&b, 1, 0x10, 1);
		if (round)
			window_read(&b, 1, 0x10);
		else
			window_write(&b, 1, 0x20, 1);
		assert_true(hangs_up(a.fd, PATIENCE_MS));
		server_says(server, "it has cut its RAM short");
		assert_int_equal(config_read(&b, 0) & 0xFFFF, 0x111D);
		assert_int_equal(ftruncate(a.ram_fd, RAM_SIZE), 0);
		client_close(&a);
		client_close(&b);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		ATTACK(descriptors),
		ATTACK(interrupts_that_block),
		ATTACK(ram),
		ATTACK(cut_short),
	};

	return RUN(tests, argc, argv);
}
