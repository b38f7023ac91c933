/* SPDX-License-Identifier: BSD-3-Clause */
/* Clients that do what they may, but more of it than others can take or wait for. */
#include "scene.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define ORDERS 2000 /* in one go: less than the daemon receives at once */
#define OFFERS 300
#define WINDOWS 24
#define BURST 8192 /* frames: as many as the daemon receives at once */
#define UNDERWAY 5 /* bursts that may lie in the socket and with the daemon */

/* Each break of a link is told to all hosts, for each of their windows: they are not taken for ones that do not read. */
static void test_links(void **state)
{
	static uint8_t bytes[ORDERS * 64];
	struct scene scene;
	uint32_t owner;
	char bye[300];

	(void)state;
	scene_open(&scene, "20");
	owner = member(&scene.a, 1).owner;
	for (unsigned entry = 0; entry < WINDOWS; entry++)
		window_set(&scene.b, entry, 0, RAM_BASE);
	for (unsigned round = 0; round < 3; round++) {
		int fd = raw_connect(&scene.place);
		size_t used = 0;

		raw_greet(fd);
		for (unsigned i = 0; i < ORDERS; i++) {
			const struct wire_order order = { .what = WIRE_ORDER_FORCE, .port = 0, .value = !(i % 2) };

			used += raw_frame(bytes + used, WIRE_ORDER, &order, sizeof(order), NULL, 0);
		}
		raw_send(fd, bytes, used);
		/* All of it has been done when it hangs up for what comes last. */
		raw_send_frame(fd, WIRE_HELLO, &(struct wire_hello){ 0 }, sizeof(struct wire_hello));
		assert_true(raw_gone(fd, bye, sizeof(bye), PATIENCE_MS));
		assert_non_null(strstr(bye, "HELLO out of turn"));
		close(fd);
		HOST_UNTIL(link_up(&scene.b, 0) && scene.b.maps[WINDOW(0)].base, &scene.a, &scene.b, NULL);
		assert_int_equal(member(&scene.a, 1).owner, owner);
	}
	scene_close(&scene);
}

struct offerer {
	int fd;
	atomic_bool done;
};

static void *offer_again_and_again(void *opaque)
{
	struct offerer *offerer = opaque;
	const struct wire_offer offer = { .count = WIRE_RANGES };
	struct wire_range ranges[WIRE_RANGES];
	uint8_t bytes[2048];
	int fds[WIRE_RANGES];
	size_t size;

	for (unsigned i = 0; i < WIRE_RANGES; i++) {
		ranges[i] = (struct wire_range){ .address = i * 0x1000, .size = 0x1000 };
		fds[i] = memfd_create("offer", MFD_CLOEXEC);
	}
	size = raw_frame(bytes, WIRE_OFFER, &offer, sizeof(offer), ranges, sizeof(ranges));
	for (unsigned i = 0; i < OFFERS; i++)
		raw_send_fds(offerer->fd, bytes, size, fds, WIRE_RANGES);
	for (unsigned i = 0; i < WIRE_RANGES; i++)
		close(fds[i]);
	atomic_store(&offerer->done, true);
	return NULL;
}

/* Descriptors for one who takes none are as few as the bytes. */
static void test_offers(void **state)
{
	struct offerer offerer = { .done = false };
	unsigned most = 0, before;
	struct place place;
	pthread_t thread;
	int fd;

	(void)state;
	place_make(&place, "2");
	before = place_descriptors(&place);
	fd = raw_connect(&place);
	raw_attach(fd, 2);
	offerer.fd = raw_connect(&place);
	raw_attach(offerer.fd, 0);
	assert_int_equal(pthread_create(&thread, NULL, offer_again_and_again, &offerer), 0);
	for (int64_t until = now_ms() + PATIENCE_MS; !atomic_load(&offerer.done) && now_ms() < until;) {
		const unsigned count = place_descriptors(&place);

		most = count > most ? count : most;
		usleep(1000);
	}
	assert_true(atomic_load(&offerer.done));
	pthread_join(thread, NULL);
	print_message("%u descriptors at most\n", most);
	assert_in_range(most, before, before + 600);
	close(fd);
	close(offerer.fd);
	place_end(&place);
}

struct flood {
	int fd;
	atomic_bool stop;
	atomic_uint bursts; /* sent */
};

static void *resume_again_and_again(void *opaque)
{
	static struct wire_frame frames[BURST];
	struct flood *flood = opaque;

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		frames[i] = (struct wire_frame){ .length = sizeof(frames[0]), .type = WIRE_RESUME };
	while (!atomic_load(&flood->stop)) {
		uint8_t heard[65536];

		raw_send(flood->fd, frames, sizeof(frames));
		atomic_fetch_add(&flood->bursts, 1);
		while (recv(flood->fd, heard, sizeof(heard), MSG_DONTWAIT) > 0)
			;
	}
	return NULL;
}

/* Who asks for much is not served alone. */
static void test_turns(void **state)
{
	struct flood flood = { .stop = false };
	struct scene scene;
	pthread_t thread;
	unsigned reads = 0, bursts;

	(void)state;
	scene_open(&scene, "20");
	second_leaves(&scene);
	flood.fd = raw_connect(&scene.place);
	raw_attach(flood.fd, 2);
	assert_int_equal(pthread_create(&thread, NULL, resume_again_and_again, &flood), 0);
	for (int64_t until = now_ms() + 10000; now_ms() < until && atomic_load(&flood.bursts) < 8; reads++)
		assert_int_equal(nt_read(&scene.a, 0x400), 2);
	bursts = atomic_load(&flood.bursts);
	atomic_store(&flood.stop, true);
	shutdown(flood.fd, SHUT_RDWR);
	pthread_join(thread, NULL);
	close(flood.fd);
	/* Far more than one for each burst. */
	print_message("a register was read %u times between %u bursts\n", reads, bursts);
	if (bursts > UNDERWAY)
		assert_true(reads >= (bursts - UNDERWAY) * (BURST / 512));
	second_returns(&scene);
	scene_close(&scene);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_links),
		cmocka_unit_test(test_offers),
		cmocka_unit_test(test_turns),
	};

	cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
