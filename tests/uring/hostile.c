/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients that do what no client does, while two hosts that do nothing wrong go on: nobody but the offender notices, and
 * the daemon keeps nothing of it.
 */
#include "raw.h"
#include "scenario.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define QUICK_MS 8000 /* for what happens at once on an idle machine */

struct scene {
	struct place place;
	struct host a, b;
	unsigned before;
};

static void scene_open(struct scene *scene, const char *silence)
{
	place_make(&scene->place, silence);
	host_open(&scene->a, scene->place.spec, 0, 0);
	host_open(&scene->b, scene->place.spec, 2, 0);
	HOST_UNTIL(link_up(&scene->a, 1), &scene->a, &scene->b, NULL);
	scene->before = place_descriptors(&scene->place);
}

/* The daemon keeps nothing of who has gone. */
static void scene_settled(const struct scene *scene)
{
	const int64_t deadline = now_ms() + PATIENCE_MS;

	while (place_descriptors(&scene->place) != scene->before && now_ms() < deadline)
		usleep(10000);
	assert_int_equal(place_descriptors(&scene->place), scene->before);
}

/* Its port is what offenders take. */
static void second_leaves(struct scene *scene)
{
	const unsigned before = scene->before;

	host_close(&scene->b);
	HOST_UNTIL(!link_up(&scene->a, 1) && place_descriptors(&scene->place) < before, &scene->a, NULL, NULL);
	scene->before = place_descriptors(&scene->place);
}

static void second_returns(struct scene *scene)
{
	scene_settled(scene);
	host_open(&scene->b, scene->place.spec, 2, 0);
	HOST_UNTIL(link_up(&scene->a, 1), &scene->a, &scene->b, NULL);
	scene->before = place_descriptors(&scene->place);
}

/* All is as it was: the two work, and the daemon has no descriptor more. */
static void scene_check(struct scene *scene)
{
	scene_settled(scene);
	scenario_doorbells(&scene->a, &scene->b);
	assert_null(strstr(scene->a.log, "away"));
	assert_null(strstr(scene->b.log, "away"));
}

static void scene_close(struct scene *scene)
{
	scene_check(scene);
	host_close(&scene->a);
	host_close(&scene->b);
	place_end(&scene->place);
}

static void expect_bye(int fd, const char *words)
{
	char bye[300];

	if (!raw_gone(fd, bye, sizeof(bye), QUICK_MS))
		fail_msg("it does not hang up, as for '%s'", words);
	if (!strstr(bye, words))
		fail_msg("it hangs up with '%s', not for '%s'", bye, words);
	close(fd);
}

/* The first frame is another, or wrong in one thing. */
static void test_beginnings(void **state)
{
	const struct wire_hello hellos[] = { { WIRE_MAGIC + 1, WIRE_VERSION, 0 }, { WIRE_MAGIC, WIRE_VERSION + 1, 0 } };
	const struct wire_sync sync = { 1, 0 };
	const struct wire_attach attach = { .port = 0 };
	struct scene scene;
	int fd;

	(void)state;
	scene_open(&scene, "20");
	for (unsigned i = 0; i < 2; i++) {
		fd = raw_connect(&scene.place);
		raw_send_frame(fd, WIRE_HELLO, &hellos[i], sizeof(hellos[i]));
		expect_bye(fd, "another protocol");
	}
	fd = raw_connect(&scene.place);
	raw_send_frame(fd, WIRE_SYNC, &sync, sizeof(sync));
	expect_bye(fd, "SYNC out of turn");
	fd = raw_connect(&scene.place);
	raw_send_frame(fd, WIRE_ATTACH, &attach, sizeof(attach));
	expect_bye(fd, "ATTACH out of turn");
	fd = raw_connect(&scene.place);
	raw_greet(fd);
	raw_send_frame(fd, WIRE_SYNC, &sync, sizeof(sync));
	expect_bye(fd, "SYNC out of turn");
	fd = raw_connect(&scene.place);
	raw_send(fd, "GET / HTTP/1.1\r\nHost: idtntbd\r\n\r\n", 34);
	expect_bye(fd, "a frame of");
	scene_close(&scene);
}

/* Each kind of frame in every length but its own, each count in every size, and what is not a kind. */
static void test_lengths(void **state)
{
	struct scene scene;

	(void)state;
	scene_open(&scene, "20");
	for (unsigned type = 0; type < WIRE_TYPES + 2; type++) {
		const struct wire_kind *kind = ntb_wire_kind(type);
		uint8_t bytes[8192] = { 0 };

		for (unsigned i = 0; i < 3; i++) {
			const size_t right = sizeof(struct wire_frame) + (kind ? kind->fixed : 0);
			const size_t lengths[] = { ntb_wire_round(right) + 8, ntb_wire_round(right) - 8, 4 };
			struct wire_frame frame = { .length = (uint32_t)lengths[i], .type = (uint16_t)type };
			int fd = raw_connect(&scene.place);

			memset(bytes, 0, sizeof(bytes));
			memcpy(bytes, &frame, sizeof(frame));
			raw_greet(fd);
			raw_send(fd, bytes, sizeof(frame) + 64);
			expect_bye(fd, "a frame");
		}
	}
	scene_close(&scene);
}

/* Frames of the right length with values that mean nothing. */
static void test_values(void **state)
{
	const struct wire_read reads[] = { { 0, 1, 0, 0 },
					   { 0, 1, WIRE_DATA + 1, 0 },
					   { 0, 1, 4, WIRE_SPACES },
					   { 0, 1, 9, WIRE_SPACE_CONFIG },
					   { 0, 1, 8, WIRE_SPACE_PEEK },
					   { 0, 1, 4, WIRE_SPACE_STATS } };
	const struct wire_write write = { 0, 8, WIRE_SPACE_PEEK }, long_write = { 0, WIRE_DATA + 8, 0 },
				config = { 0, 16, WIRE_SPACE_CONFIG };
	const struct wire_switch force = { 1, 99 };
	const struct wire_offer offer = { .count = 2 }, many = { .count = WIRE_RANGES + 1 };
	static const uint8_t data[8000];
	struct scene scene;

	(void)state;
	scene_open(&scene, "20");
	second_leaves(&scene);
	for (size_t i = 0; i < sizeof(reads) / sizeof(reads[0]); i++) {
		int fd = raw_connect(&scene.place);

		raw_attach(fd, 2);
		raw_send_frame(fd, WIRE_READ, &reads[i], sizeof(reads[i]));
		expect_bye(fd, "it reads");
	}
#define REFUSED(type, fixed, size, words)                                                                              \
	do {                                                                                                           \
		uint8_t bytes_[sizeof(data) + 64];                                                                     \
		int fd_ = raw_connect(&scene.place);                                                                   \
		raw_attach(fd_, 2);                                                                                    \
		raw_send(fd_, bytes_, raw_frame(bytes_, type, &(fixed), sizeof(fixed), data, size));                   \
		expect_bye(fd_, words);                                                                                \
	} while (0)
	REFUSED(WIRE_WRITE, write, 8, "it writes 8 bytes to space 7");
	REFUSED(WIRE_WRITE, config, 16, "it writes 16 bytes to space 6");
	REFUSED(WIRE_WRITE, long_write, WIRE_DATA + 8, "a frame WRITE of");
	REFUSED(WIRE_FORCE, force, 0, "port 99");
	REFUSED(WIRE_OFFER, offer, 2 * sizeof(struct wire_range), "less descriptors");
	REFUSED(WIRE_OFFER, many, (WIRE_RANGES + 1) * sizeof(struct wire_range), "a frame OFFER");
	second_returns(&scene);
	scene_close(&scene);
}

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

/* A frame of any kind a client sends, with content of any kind, in the right length. */
static size_t random_frame(uint8_t *to)
{
	const unsigned type = 1 + raw_random() % (WIRE_WELCOME - 1);
	const struct wire_kind *kind = ntb_wire_kind(type);
	uint8_t fixed[64], extra[WIRE_DATA];
	uint32_t count = 0;

	if (!kind)
		return 0;
	for (size_t i = 0; i < sizeof(fixed); i++)
		fixed[i] = (uint8_t)(raw_random() % 4 ? 0 : raw_random());
	for (size_t i = 0; i < sizeof(extra); i++)
		extra[i] = (uint8_t)raw_random();
	if (kind->unit) {
		count = raw_random() % (kind->most + 1u);
		memcpy(fixed + kind->count_at, &count, sizeof(count));
	}
	if (type == WIRE_WRITE || type == WIRE_READ) {
		/* Mostly where something is. */
		const uint64_t offset = raw_random() % 0x1000;

		memcpy(fixed, &offset, sizeof(offset));
	}
	return raw_frame(to, type, fixed, kind->fixed, extra, (size_t)count * kind->unit);
}

static void test_random(void **state)
{
	struct scene scene;

	(void)state;
	scene_open(&scene, "20");
	second_leaves(&scene);
	for (unsigned round = 0; round < 400; round++) {
		int fd = raw_connect(&scene.place);
		uint8_t bytes[8192];

		if (round % 4) {
			raw_attach(fd, 2);
			for (unsigned i = 0; i < 50; i++)
				raw_send(fd, bytes, random_frame(bytes));
		} else {
			if (round % 8)
				raw_greet(fd);
			for (size_t i = 0; i < sizeof(bytes); i++)
				bytes[i] = (uint8_t)raw_random();
			raw_send(fd, bytes, raw_random() % sizeof(bytes));
		}
		close(fd);
	}
	/* It may have broken links on purpose, as any holder of a port can; and it is the same switch. */
	idtntb_attachment_link_force(scene.a.attachment, 0, false);
	idtntb_attachment_link_force(scene.a.attachment, 2, false);
	second_returns(&scene);
	host_close(&scene.a);
	host_close(&scene.b);
	place_end(&scene.place);
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

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beginnings),  cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_values),      cmocka_unit_test(test_cut),
		cmocka_unit_test(test_random),      cmocka_unit_test(test_descriptors),
		cmocka_unit_test(test_never_reads), cmocka_unit_test(test_never_speaks),
	};

	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
