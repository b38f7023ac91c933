/* SPDX-License-Identifier: BSD-3-Clause */
/* RAM of huge pages: what is mapped of it is mapped by whole pages, the rest goes by copy, and a file cut short hurts nobody. */
#include "client.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define HUGE_PAGE 0x200000u
#define SKIPPED 77

/* A file of RAM_SIZE bytes; -1, errno set: there are no such pages to be had. */
static int huge_ram(void)
{
	int fd = memfd_create("huge", MFD_CLOEXEC | MFD_HUGETLB | MFD_ALLOW_SEALING), error;
	void *base;

	if (fd < 0)
		return -1;
	/* Mapping reserves the pages, or fails. */
	if (ftruncate(fd, RAM_SIZE) == 0) {
		base = mmap(NULL, RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (base != MAP_FAILED) {
			munmap(base, RAM_SIZE);
			return fd;
		}
	}
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static void open_huge(struct client *client, const char *path, uint32_t partition)
{
	int fd = huge_ram();

	assert_true(fd >= 0);
	client_open_ram(client, path, fd);
	client_enable(client, partition);
}

/* The default's windows of 1 MiB are less than a page: each goes by copy, wherever it points. */
static void windows_smaller_than_a_page(void **state)
{
	struct server *server = *state;
	struct client a, b;

	open_huge(&a, server->paths[0], 0);
	client_open(&b, server->paths[1]);
	client_enable(&b, 1);
	window_set(&b, 0, 0, RAM_BASE);
	window_set(&b, 1, 0, RAM_BASE + HUGE_PAGE - 0x1000);
	window_set(&a, 0, 1, RAM_BASE);
	for (uint32_t i = 1; i <= 100; i++) {
		window_write(&b, 0, 0x100, i);
		assert_int_equal(window_read(&b, 0, 0x100), i);
		assert_memory_equal(a.ram + 0x100, &i, sizeof(i));
		/* On both sides of the boundary between two pages. */
		window_write(&b, 1, 0xFFC, i);
		window_write(&b, 1, 0x1000, ~i);
		assert_int_equal(window_read(&b, 1, 0x1000), ~i);
		assert_memory_equal(a.ram + HUGE_PAGE - 4, &i, sizeof(i));
		window_write(&a, 0, 0x100, i);
		assert_memory_equal(b.ram + 0x100, &i, sizeof(i));
	}
	client_close(&a);
	client_close(&b);
}

static void server_with_large_windows(struct server *server)
{
	static const char *const large[] = { "--bars", "lut24:4M", NULL };

	server_end(server, SIGTERM);
	server_start(server, "local:large", large);
}

/* Windows of two pages, which are mapped; RAM that comes in pieces, as a VMM maps it around its holes. */
static void windows_of_whole_pages(void **state)
{
	struct server *server = *state;
	struct client a, b;

	server_with_large_windows(server);
	open_huge(&a, server->paths[0], 0);
	client_open(&b, server->paths[1]);
	client_enable(&b, 1);
	window_set(&b, 0, 0, RAM_BASE);
	for (uint32_t i = 0; i < RAM_SIZE; i += 0x40000) {
		window_write(&b, 0, i, i + 1);
		assert_int_equal(window_read(&b, 0, i), i + 1);
		assert_true(*(volatile uint32_t *)(void *)(a.ram + i) == i + 1);
	}
	assert_int_equal(dma_unmap(&a, RAM_BASE, RAM_SIZE), 0);
	assert_int_equal(window_read(&b, 0, 0), 0xFFFFFFFF);
	assert_int_equal(dma_map(&a, RAM_BASE, 0, 0xA0000, a.ram_fd), 0);
	assert_int_equal(dma_map(&a, RAM_BASE + 0x100000, 0x100000, RAM_SIZE - 0x100000, a.ram_fd), 0);
	assert_int_equal(window_read(&b, 0, 0x80000), 0x80001);
	assert_int_equal(window_read(&b, 0, 0xC0000), 0xFFFFFFFF); /* the hole */
	assert_int_equal(window_read(&b, 0, 0x100000), 0x100001);
	window_set(&b, 0, 0, RAM_BASE + 0x100000);
	assert_int_equal(window_read(&b, 0, 0x200000), 0x300001);
	client_close(&a);
	client_close(&b);
}

/* Cut short while windows into it are mapped: the guard replaces whole pages, or the server would die here. */
static void cut_short(void **state)
{
	struct server *server = *state;
	struct client a, b;
	int ram_fd;

	server_with_large_windows(server);
	client_open(&b, server->paths[1]);
	client_enable(&b, 1);
	for (unsigned round = 0; round < 4; round++) {
		open_huge(&a, server->paths[0], 0);
		/* Mapped; and, not at a page, by copy through the owner. */
		window_set(&b, 0, 0, RAM_BASE + (round & 1 ? 0x1000 : 0));
		a.ram[0x1010] = a.ram[0x10] = 7;
		UNTIL((window_read(&b, 0, 0x10) & 0xFF) == 7);
		ram_fd = dup(a.ram_fd);
		assert_int_equal(ftruncate(ram_fd, 0), 0);
		if (round & 2)
			window_write(&b, 0, HUGE_PAGE + 0x14, 1);
		else
			window_read(&b, 0, 0x10);
		UNTIL(window_read(&b, 0, 0x10) == 0xFFFFFFFF);
		assert_int_equal(config_read(&b, 0) & 0xFFFF, 0x111D);
		client_close(&a);
		close(ram_fd);
		server_says(server, "port 2: link of port 0 is down");
	}
	client_close(&b);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		TEST(windows_smaller_than_a_page),
		TEST(windows_of_whole_pages),
		TEST(cut_short),
	};
	int fd = huge_ram();

	if (fd < 0) {
		printf("skipped: no %u KiB of huge pages to be had here (%s); /proc/sys/vm/nr_hugepages gives them\n",
		       RAM_SIZE / 1024, strerror(errno));
		return SKIPPED;
	}
	close(fd);
	return RUN(tests, argc, argv);
}
