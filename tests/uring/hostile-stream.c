/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients whose frames are as they should be, but not how they come or are taken: cut off, twice, with descriptors that nobody
 * asked for, with nothing read or nothing said.
 */
#include "scene.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Cut off in the middle of a frame, at every byte of a conversation; all of it again, in another order, and twice. */
static void test_cut(void **state)
{
	const struct wire_hello hello = { WIRE_MAGIC, WIRE_VERSION, WIRE_CAP_RAM };
	const struct wire_attach attach = { .port = 2 };
	const struct wire_write write = { 0x420, 4, 0 };
	const struct wire_read read = { 0x400, 1, 4, 0 };
	uint8_t frames[4][64], all[256];
	size_t sizes[4], used = 0;
	struct scene scene;

	(void)state;
	scene_open(&scene, "20");
	second_leaves(&scene);
	sizes[0] = raw_frame(frames[0], WIRE_HELLO, &hello, sizeof(hello), NULL, 0);
	sizes[1] = raw_frame(frames[1], WIRE_ATTACH, &attach, sizeof(attach), NULL, 0);
	sizes[2] = raw_frame(frames[2], WIRE_WRITE, &write, sizeof(write), "\1\0\0", 4);
	sizes[3] = raw_frame(frames[3], WIRE_READ, &read, sizeof(read), NULL, 0);
	for (unsigned i = 0; i < 4; i++) {
		memcpy(all + used, frames[i], sizes[i]);
		used += sizes[i];
	}
	for (size_t cut = 0; cut <= used; cut++) {
		int fd = raw_connect(&scene.place);

		raw_send(fd, all, cut);
		close(fd);
	}
	for (unsigned i = 0; i < 4 * 4 * 4; i++) {
		int fd = raw_connect(&scene.place);

		raw_send(fd, frames[i % 4], sizes[i % 4]);
		raw_send(fd, frames[i / 4 % 4], sizes[i / 4 % 4]);
		raw_send(fd, frames[i / 16], sizes[i / 16]);
		close(fd);
	}
	/* Byte by byte is no offence. */
	{
		int fd = raw_connect(&scene.place);
		char bye[300];

		for (size_t at = 0; at < used; at++)
			raw_send(fd, all + at, 1);
		assert_false(raw_gone(fd, bye, sizeof(bye), 300));
		/* The conversation once more in the same connection is. */
		raw_send(fd, all, used);
		expect_bye(fd, "HELLO out of turn");
	}
	second_returns(&scene);
	scene_close(&scene);
}

/* More descriptors than frames; descriptors without frames; descriptors in the middle of one. */
static void test_descriptors(void **state)
{
	const struct wire_offer offer = { .count = 1 };
	uint8_t bytes[256];
	struct scene scene;
	int fds[100];
	size_t size;

	(void)state;
	scene_open(&scene, "20");
	second_leaves(&scene);
	for (unsigned i = 0; i < 100; i++)
		fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (unsigned round = 0; round < 20; round++) {
		int fd = raw_connect(&scene.place);

		raw_attach(fd, 2);
		size = raw_frame(bytes, WIRE_OFFER, &offer, sizeof(offer), "", 1);
		size = raw_frame(bytes, WIRE_OFFER, &offer, sizeof(offer), bytes, sizeof(struct wire_range));
		switch (round % 4) {
		case 0: /* too many at once: the kernel cuts them off */
			raw_send_fds(fd, bytes, size, fds, 100);
			expect_bye(fd, "more descriptors");
			break;
		case 1: /* a few with each frame that needs none */
			for (unsigned i = 0; i < 100; i++) {
				size = raw_frame(bytes, WIRE_PONG, NULL, 0, NULL, 0);
				raw_send_fds(fd, bytes, size, fds, 5);
			}
			expect_bye(fd, "more descriptors");
			break;
		case 2: /* one in the middle of a frame: it counts */
			raw_send(fd, bytes, 8);
			raw_send_fds(fd, bytes + 8, size - 8, fds, 1);
			close(fd);
			break;
		default: /* and then nothing */
			raw_send_fds(fd, bytes, 8, fds, 20);
			close(fd);
		}
	}
	for (unsigned i = 0; i < 100; i++)
		close(fds[i]);
	second_returns(&scene);
	scene_close(&scene);
}

/* A holder of a port that reads nothing: a host that writes to it is held up for a bounded time, and then it is gone. */
static void test_never_reads(void **state)
{
	static uint8_t data[64u << 10];
	struct wire_switch link_up_frame = { 1, 0 };
	struct scene scene;
	int64_t start, longest = 0;
	uint32_t back;
	int fd;

	(void)state;
	scene_open(&scene, "2");
	second_leaves(&scene);
	fd = raw_connect(&scene.place);
	raw_attach(fd, 2);
	{
		const struct wire_write command = { 0x04, 2, WIRE_SPACE_CONFIG };
		uint8_t bytes[64];

		raw_send(fd, bytes, raw_frame(bytes, WIRE_WRITE, &command, sizeof(command), "\6\0", 2));
		raw_send_frame(fd, WIRE_LINK, &link_up_frame, sizeof(link_up_frame));
	}
	HOST_UNTIL(link_up(&scene.a, 1), &scene.a, NULL, NULL);
	window_set(&scene.a, 0, 1, RAM_BASE);
	for (start = now_ms(); link_up(&scene.a, 1) && now_ms() - start < PATIENCE_MS;) {
		const struct wire_frame pong = { .length = sizeof(pong), .type = WIRE_PONG };
		const int64_t turn = now_ms();

		copy_write(&scene.a, 0, 0, data, sizeof(data));
		raw_send(fd, &pong, sizeof(pong));
		hosts_wait(&scene.a, NULL, NULL, 0);
		if (now_ms() - turn > longest)
			longest = now_ms() - turn;
	}
	print_message("gone after %d ms, longest turn %d ms\n", (int)(now_ms() - start), (int)longest);
	assert_false(link_up(&scene.a, 1));
	assert_true(longest < 6000);
	copy_read(&scene.a, 0, 0, &back, sizeof(back));
	assert_int_equal(back, UINT32_MAX);
	close(fd);
	second_returns(&scene);
	scene_close(&scene);
}

/* Connections that never speak are hung up on, and make room for who does before that. */
static void test_never_speaks(void **state)
{
	struct scene scene;
	int fds[100];
	char bye[300];

	(void)state;
	scene_open(&scene, "2");
	for (unsigned i = 0; i < 100; i++)
		fds[i] = raw_connect(&scene.place);
	host_close(&scene.b);
	host_open(&scene.b, scene.place.spec, 2, 0);
	HOST_UNTIL(link_up(&scene.a, 1), &scene.a, &scene.b, NULL);
	for (unsigned i = 0; i < 100; i++) {
		assert_true(raw_gone(fds[i], bye, sizeof(bye), QUICK_MS));
		close(fds[i]);
	}
	scene_close(&scene);
}

/* A byte now and then is no sign of life before the greeting is complete. */
static void test_dribbles(void **state)
{
	const struct wire_hello hello = { WIRE_MAGIC, WIRE_VERSION, 0 };
	const int64_t start = now_ms();
	struct scene scene;
	uint8_t bytes[64];
	size_t size = raw_frame(bytes, WIRE_HELLO, &hello, sizeof(hello), NULL, 0), at = 0;
	char bye[300] = "";
	int fd;

	(void)state;
	scene_open(&scene, "2");
	fd = raw_connect(&scene.place);
	while (at < size - 1 && !raw_gone(fd, bye, sizeof(bye), 400))
		raw_send(fd, bytes + at++, 1);
	print_message("gone after %d ms and %zu bytes of %zu\n", (int)(now_ms() - start), at, size);
	assert_true(at < size - 1);
	assert_non_null(strstr(bye, "it has not attached in 2 seconds"));
	close(fd);
	scene_close(&scene);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cut),         cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_never_reads), cmocka_unit_test(test_never_speaks),
		cmocka_unit_test(test_dribbles),
	};

	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
