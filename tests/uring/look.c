/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clients of the daemon that look into its switch, and mean no good: who has a port notices nothing, and whoever looks as one
 * should still can.
 */
#include "scene.h"

#include <idtntb-view.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

/* Whoever looks as one should sees what is there. */
static void check(struct place *place, struct host *a)
{
	struct idtntb_error error = { "" };
	struct idtntb_member owner;
	struct idtntb_view *view;
	static uint32_t value;

	nt_write(a, 0x40C, ++value);
	assert_int_equal(nt_read(a, 0x40C), value);
	if (idtntb_view_open(&view, place->spec, &error))
		fail_msg("%s", error.text);
	assert_int_equal(idtntb_switch_peek(idtntb_view_switch(view), 0x1000 + 0x40C), value);
	assert_int_equal(idtntb_switch_member(idtntb_view_switch(view), 0, &owner), 0);
	assert_true(owner.up && !owner.forced_down);
	idtntb_view_close(view);
}

static void test_out_of_turn(void **state)
{
	const struct wire_sync look = { 1, 0 };
	const struct wire_order order = { .what = WIRE_ORDER_FORCE, .port = 0, .value = 1 };
	const struct wire_switch consent = { 1, 0 };
	struct place place;
	struct host a;
	int fd;

	(void)state;
	place_make(&place, "20");
	host_open(&a, place.spec, 0, 0);
	/* Before the beginning, and with a port. */
	fd = raw_connect(&place);
	raw_send_frame(fd, WIRE_LOOK, &look, sizeof(look));
	expect_bye(fd, "LOOK out of turn");
	fd = raw_connect(&place);
	raw_send_frame(fd, WIRE_ORDER, &order, sizeof(order));
	expect_bye(fd, "ORDER out of turn");
	fd = raw_connect(&place);
	raw_attach(fd, 2);
	raw_send_frame(fd, WIRE_ORDER, &order, sizeof(order));
	expect_bye(fd, "ORDER out of turn");
	fd = raw_connect(&place);
	raw_greet(fd);
	raw_send_frame(fd, WIRE_CONSENT, &consent, sizeof(consent));
	expect_bye(fd, "CONSENT out of turn");
	check(&place, &a);
	host_close(&a);
	place_end(&place);
}

static void test_values(void **state)
{
	const struct wire_order nonsense = { .what = 77 };
	const uint32_t pieces[][2] = { { 8, 8 }, { (uint32_t)idtntb_save_size(), 8 }, { UINT32_MAX - 7, 8 } };
	struct wire_order order = { .tag = 1, .what = WIRE_ORDER_POKE };
	struct place place;
	uint8_t bytes[8192], data[WIRE_DATA] = { 0 };
	struct host a;
	int fd;

	(void)state;
	place_make(&place, "20");
	host_open(&a, place.spec, 0, 0);
	fd = raw_connect(&place);
	raw_greet(fd);
	raw_send_frame(fd, WIRE_ORDER, &nonsense, sizeof(nonsense));
	expect_bye(fd, "order 77");
	for (unsigned i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct wire_image piece = { pieces[i][0], pieces[i][1] };

		fd = raw_connect(&place);
		raw_greet(fd);
		raw_send(fd, bytes, raw_frame(bytes, WIRE_IMAGE, &piece, sizeof(piece), data, piece.size));
		expect_bye(fd, "saved state");
	}
	/* More of it than there can be. */
	fd = raw_connect(&place);
	raw_greet(fd);
	for (uint32_t at = 0; at <= idtntb_save_size(); at += sizeof(data)) {
		struct wire_image piece = { at, sizeof(data) };

		raw_send(fd, bytes, raw_frame(bytes, WIRE_IMAGE, &piece, sizeof(piece), data, sizeof(data)));
	}
	expect_bye(fd, "saved state");
	/* Orders that cannot be: each is answered, nothing happens. */
	fd = raw_connect(&place);
	raw_greet(fd);
	for (unsigned i = 0; i < 2000; i++) {
		order.tag = i;
		order.what = i % 4 ? WIRE_ORDER_POKE : WIRE_ORDER_LOAD;
		order.port = i % 3 ? raw_random() : 0;
		order.offset = i % 5 ? raw_random() : 0x40C;
		order.value = raw_random();
		raw_send_frame(fd, WIRE_ORDER, &order, sizeof(order));
	}
	check(&place, &a);
	close(fd);
	host_close(&a);
	place_end(&place);
}

/* Looks without end of those who read nothing: what waits for them is bounded, and they are dropped. */
static void test_never_reads(void **state)
{
	enum { LOOKERS = 8 };
	const struct wire_sync look = { 1, 0 };
	struct place place;
	int fds[LOOKERS];
	struct host a;
	char bye[300];
	unsigned before;

	(void)state;
	place_make(&place, "2");
	host_open(&a, place.spec, 0, 0);
	before = place_descriptors(&place);
	for (unsigned i = 0; i < LOOKERS; i++) {
		fds[i] = raw_connect(&place);
		raw_greet(fds[i]);
		for (unsigned n = 0; n < 200; n++)
			raw_send_frame(fds[i], WIRE_LOOK, &look, sizeof(look));
	}
	for (int64_t until = now_ms() + 1000; now_ms() < until;) {
		check(&place, &a);
		hosts_run_for(&a, NULL, NULL, 20);
	}
	for (int64_t until = now_ms() + PATIENCE_MS; place_descriptors(&place) > before && now_ms() < until;)
		hosts_run_for(&a, NULL, NULL, 20);
	assert_int_equal(place_descriptors(&place), before);
	for (unsigned i = 0; i < LOOKERS; i++) {
		assert_true(raw_gone(fds[i], bye, sizeof(bye), QUICK_MS));
		close(fds[i]);
	}
	check(&place, &a);
	host_close(&a);
	place_end(&place);
}

/* A view that is not used for longer than the daemon waits is dropped, and back when it is wanted. */
static void test_idle_view(void **state)
{
	struct idtntb_error error = { "" };
	struct idtntb_view *view;
	struct place place;
	struct host a;

	(void)state;
	place_make(&place, "2");
	host_open(&a, place.spec, 0, HOST_ACCEPTS_POKES);
	if (idtntb_view_open(&view, place.spec, &error))
		fail_msg("%s", error.text);
	for (unsigned n = 0; n < 2; n++) {
		hosts_run_for(&a, NULL, NULL, 4500);
		if (n ? idtntb_view_poke(view, 0, 0x40C, 0xCAFE, &error) : idtntb_view_refresh(view, &error))
			fail_msg("%s", error.text);
	}
	assert_int_equal(nt_read(&a, 0x40C), 0xCAFE);
	idtntb_view_close(view);
	host_close(&a);
	place_end(&place);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_out_of_turn),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_never_reads),
		cmocka_unit_test(test_idle_view),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
