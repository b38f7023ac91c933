/* SPDX-License-Identifier: BSD-3-Clause */
/* The daemon dies, stops, comes back: hosts go on with what they know, and nothing of theirs is restarted. */
#include "raw.h"
#include "scenario.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void daemon_kill(struct place *place)
{
	kill(place->daemon, SIGKILL);
	waitpid(place->daemon, NULL, 0);
}

/* What the driver asks while there is no answer: own registers as last known, nothing pending, no peer, never all ones. */
static void shadow_registers(struct host *host, unsigned peer_port)
{
	assert_int_equal(nt_read(host, 0x404), 0);
	assert_int_equal(nt_read(host, 0x428), 0);
	assert_int_equal(nt_read(host, 0x460), 0);
	assert_int_equal(nt_read(host, 0x400), 2);
	for (uint32_t offset = 0x400; offset < 0x1000; offset += 4)
		assert_int_not_equal(nt_read(host, offset), UINT32_MAX);
	/* SWPORTxSTS of the peer: LINKUP. */
	nt_write(host, 0xFF8, 0x3E204 + 0x20 * peer_port);
	assert_int_equal(nt_read(host, 0xFFC) & 0x10, 0);
}

/* Every register, table and mask of the host is in the daemon, as it was set up. */
static void is_replayed(struct host *a, struct host *b)
{
	uint32_t value = 0xCAFE0001;

	assert_int_equal(nt_read(a, 0x400), 2);
	assert_int_equal(nt_read(a, 0x40C), 0x12345678);
	assert_int_equal(nt_read(a, 0x464), 0xF000F & 0x5);
	assert_int_equal(idtntb_attachment_config_read(a->attachment, 0x04, 2) & 6, 6);
	assert_int_equal(nt_read(a, 0x4E0), 5 | LUT_BAR << 8);
	assert_int_equal(nt_read(a, 0x4E4), (uint32_t)RAM_BASE + 0x3000);
	window_write(a, 5, 0, &value, sizeof(value));
	nt_read(a, 0x400);
	nt_read(b, 0x400);
	assert_memory_equal(b->ram + 0x3000, &value, sizeof(value));
	/* Switch registers: the route of messages. */
	nt_write(b, 0x464, 0);
	nt_write_through(b, 0x460, UINT32_MAX);
	nt_write(a, 0x430, 0xBEEF);
	nt_read(a, 0x400);
	assert_int_equal(nt_read(b, 0x440), 0xBEEF);
	nt_write_through(b, 0x460, UINT32_MAX);
}

static void set_up(struct host *a)
{
	nt_write(a, 0x40C, 0x12345678);
	nt_write(a, 0x464, 0x5);
	nt_write(a, 0xFF8, 0x3EE00);
	nt_write(a, 0xFFC, 1 << 4);
	/* SEPMSK, SELINKUPMSK, SELINKDNMSK, SEMSK: link events of peers reach the guest, its own do not (reference 10.1). */
	for (unsigned i = 0; i < 4; i++) {
		static const uint32_t masks[][2] = { { 0x3EC08, 0 }, { 0x3EC10, 1 }, { 0x3EC18, 1 }, { 0x3EC04, 0 } };

		nt_write(a, 0xFF8, masks[i][0]);
		nt_write(a, 0xFFC, masks[i][1]);
	}
	nt_write(a, 0x404, 0x8);
	nt_write(a, 0x408, nt_read(a, 0x408) & ~0x8u);
	window_set(a, 5, 1, RAM_BASE + 0x3000);
}

static void test_killed(void **state)
{
	struct place place;
	struct host a, b;
	unsigned before;

	(void)state;
	place_make(&place, "5");
	host_open(&a, place.spec, 0, 0);
	host_open(&b, place.spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	set_up(&a);
	is_replayed(&a, &b);
	before = open_descriptors();
	for (unsigned round = 0; round < 3; round++) {
		const int64_t start = now_ms();
		unsigned msis;
		uint32_t back;

		daemon_kill(&place);
		/* Both are alone: windows closed and unmapped, and no access waits. */
		HOST_UNTIL(!link_up(&a, 1) && !a.maps[WINDOW(5)].base, &a, &b, NULL);
		nt_write(&a, 0x420, 1); /* nobody hears it, later neither; and it does not come back */
		shadow_registers(&a, 2);
		window_read(&a, 5, 0, &back, sizeof(back));
		assert_int_equal(back, UINT32_MAX);
		assert_true(now_ms() - start < 2000);
		msis = a.msis;
		hosts_run_for(&a, &b, NULL, 100);
		place.daemon = daemon_start(place.where, "5");
		HOST_UNTIL(link_up(&a, 1) && link_up(&b, 0) && a.maps[WINDOW(5)].base, &a, &b, NULL);
		/* The guest is told, by a switch event. */
		HOST_UNTIL(a.msis != msis, &a, &b, NULL);
		assert_int_equal(nt_read(&a, 0x404) & 0x8, 0x8);
		nt_write(&a, 0x404, 0x8);
		assert_int_equal(nt_read(&b, 0x428), 0);
		is_replayed(&a, &b);
		scenario_doorbells(&a, &b);
		nt_write_through(&b, 0x464, 0xF000F);
	}
	hosts_run_for(&a, &b, NULL, 200);
	assert_int_equal(open_descriptors(), before);
	host_close(&a);
	host_close(&b);
	place_end(&place);
}

/* Peers have not been away but for this host: its guest is told all the same, since it could not see them. */
static void test_cut(void **state)
{
	struct idtntb_member before;
	struct place place;
	struct host a, b;

	(void)state;
	place_make(&place, "20");
	host_open(&a, place.spec, 0, 0);
	host_open(&b, place.spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	set_up(&a);
	for (unsigned round = 0; round < 5; round++) {
		unsigned msis;

		nt_write_through(&a, 0x404, 0x8);
		host_run(&a);
		msis = a.msis;
		before = member(&b, 0);
		place_cut_first(&place);
		/* It may be back before anybody has looked. */
		HOST_UNTIL(link_up(&a, 1) && member(&b, 0).up && member(&b, 0).owner != before.owner, &a, &b, NULL);
		HOST_UNTIL(a.msis != msis, &a, &b, NULL);
		assert_int_equal(nt_read(&a, 0x404) & 0x8, 0x8);
		HOST_UNTIL(a.maps[WINDOW(5)].base, &a, &b, NULL);
		is_replayed(&a, &b);
		nt_write_through(&b, 0x464, 0xF000F);
	}
	assert_null(strstr(b.log, "away"));
	host_close(&a);
	host_close(&b);
	place_end(&place);
}

/* It lives and does not run: one wait, then none; and all is well when it runs again. */
static void test_stopped(void **state)
{
	struct place place;
	struct host a, b;
	uint32_t value = 7;
	int64_t start;

	(void)state;
	place_make(&place, "60");
	host_open(&a, place.spec, 0, HOST_COPY);
	host_open(&b, place.spec, 2, HOST_COPY);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	set_up(&a);
	kill(place.daemon, SIGSTOP);
	waitpid(place.daemon, NULL, WUNTRACED);
	start = now_ms();
	assert_int_equal(nt_read(&a, 0x400), 2);
	assert_in_range(now_ms() - start, 2000, 6000);
	start = now_ms();
	for (unsigned i = 0; i < 1000; i++)
		assert_int_equal(nt_read(&a, 0x428), 0);
	for (unsigned i = 0; i < 100; i++)
		window_set(&a, 6, 1, RAM_BASE);
	copy_read(&a, 5, 0, &value, sizeof(value));
	assert_int_equal(value, UINT32_MAX);
	assert_true(now_ms() - start < 1500);
	kill(place.daemon, SIGCONT);
	HOST_UNTIL((nt_write(&a, 0x420, 2), nt_read(&b, 0x428) & 2), &a, &b, NULL);
	/* What was written meanwhile has been done, in order. */
	value = 0x600D600D;
	HOST_UNTIL((copy_write(&a, 6, 8, &value, sizeof(value)), nt_read(&a, 0x400), nt_read(&b, 0x400),
		    !memcmp(b.ram + 8, &value, sizeof(value))),
		   &a, &b, NULL);
	host_close(&a);
	host_close(&b);
	place_end(&place);
}

/* One that has been stopped for longer than the daemon waits: link down for its peers, and back when it runs. */
static void test_silent_client(void **state)
{
	struct place place;
	struct peer peer;
	struct host a;

	(void)state;
	place_make(&place, "2");
	host_open(&a, place.spec, 0, 0);
	peer_start(&peer, place.spec, 2, NULL);
	HOST_UNTIL(link_up(&a, 1), &a, NULL, NULL);
	kill(peer.pid, SIGSTOP);
	HOST_UNTIL(!link_up(&a, 1), &a, NULL, NULL);
	kill(peer.pid, SIGCONT);
	HOST_UNTIL(link_up(&a, 1), &a, NULL, NULL);
	peer_ring(&a, 3);
	peer_kill(&peer);
	host_close(&a);
	place_end(&place);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_silent_client),
	};

	if (argc < 2)
		return print_error("usage: %s PEER [TEST]\n", argv[0]), 2;
	peer_program = argv[1];
	cmocka_set_test_filter(argv[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
