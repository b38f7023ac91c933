/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients that send what no client sends, while two hosts that do nothing wrong go on: nobody but the offender notices, and
 * the daemon keeps nothing of it.
 */
#include "scene.h"

#include <unistd.h>

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
	scene_abandon(&scene);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_beginnings),
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_random),
	};

	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
