/* SPDX-License-Identifier: BSD-3-Clause */
/* Switches looked into from outside, over every kind of switch: what is seen, and that nobody minds. */
#include "driven.h"
#include "looking.h"

#include <errno.h>
#include <stdio.h>

/* A snapshot is what was there, and stays so until the next. */
static void test_snapshot(void **state)
{
	const struct bed_kind *kind = *state;
	struct idtntb_view *view, *other;
	struct idtntb_window_counts window;
	struct idtntb_guest_error guest_error;
	struct idtntb_inbound_counts inbound;
	struct idtntb_port_stats stats;
	struct idtntb_window published;
	struct host a, b;
	struct bed bed;
	unsigned before;
	uint32_t word = 0x12345678;

	bed_make(&bed, kind);
	host_open(&a, bed.spec, 0, 0);
	host_open(&b, bed.spec, 2, HOST_COPY);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	view = view_of(&bed);
	other = view_of(&bed);
	assert_true(idtntb_view_writable(view));
	assert_int_equal(idtntb_switch_topology(idtntb_view_switch(view))->port_count, 2);
	assert_int_equal(view_member(view, 0).owner, member(&a, 0).owner);
	assert_true(view_member(view, 2).up);
	nt_write(&a, NTSDATA, 0xCAFE);
	view_settle(&a);
	assert_int_equal(view_peek(view, GLOBAL(0, NTSDATA)), 0);
	view_refresh(view);
	assert_int_equal(view_peek(view, GLOBAL(0, NTSDATA)), 0xCAFE);
	assert_int_equal(view_peek(other, GLOBAL(0, NTSDATA)), 0);
	/* Windows and counters. */
	window_set(&a, 3, 1, RAM_BASE + 0x10000);
	window_set(&b, 1, 0, RAM_BASE);
	window_set(&b, 2, 0, 0x5000); /* no RAM there */
	HOST_UNTIL(!kind->maps || a.maps[WINDOW(3)].base, &a, &b, NULL);
	copy_write(&b, 1, 0x100, &word, 4);
	copy_read(&b, 1, 0x100, &word, 4);
	copy_write(&b, 2, 0x10, &word, 4);
	copy_read(&b, 2, 0x20, &word, 4);
	assert_int_equal(word, UINT32_MAX);
	nt_write(&b, 0x440, 1);
	view_settle(&b);
	hosts_run_for(&a, &b, NULL, 200);
	view_refresh(view);
	assert_int_equal(idtntb_switch_window(idtntb_view_switch(view), 0, WINDOW(3), &published), 0);
	assert_int_equal(published.state, IDTNTB_WINDOW_OPEN);
	assert_true(published.address == RAM_BASE + 0x10000);
	idtntb_counters_window(idtntb_view_counters(view, 0), WINDOW(3), &window);
	assert_int_equal(window.mapped, kind->maps);
	idtntb_counters_window(idtntb_view_counters(view, 1), WINDOW(1), &window);
	assert_false(window.mapped);
	assert_int_equal(window.writes, 1);
	assert_int_equal(window.read_bytes, 4);
	/* The posted write too was refused, by who knows; a daemon does not hear of it. */
	idtntb_counters_window(idtntb_view_counters(view, 1), WINDOW(2), &window);
	idtntb_counters_inbound(idtntb_view_counters(view, 0), &inbound);
	if (!view_remote(kind)) {
		assert_int_equal(window.refused, 1);
		assert_int_equal(window.refusal, IDTNTB_WINDOW_NO_ANSWER);
		assert_int_equal(inbound.refused, 2);
		assert_true(inbound.address == 0x5020);
		assert_int_equal(inbound.slot, 1);
	}
	assert_true(idtntb_counters_guest_error(idtntb_view_counters(view, 1), 0, &guest_error));
	assert_non_null(strstr(guest_error.text, "INMSG0"));
	idtntb_counters_stats(idtntb_view_counters(view, 1), &stats);
	assert_true(stats.register_writes > 5 && stats.window_writes == 2);
	assert_null(idtntb_view_counters(view, 2));
	assert_null(idtntb_view_counters(view, ~0u));
	idtntb_view_close(view);
	idtntb_view_close(other);
	idtntb_view_close(NULL);
	/* Nothing of a view is left, here or in the hosts who heard of it. */
	hosts_run_for(&a, &b, NULL, 200);
	before = open_descriptors();
	view = view_of(&bed);
	hosts_run_for(&a, &b, NULL, 200);
	view_refresh(view);
	idtntb_view_close(view);
	hosts_run_for(&a, &b, NULL, 200);
	assert_int_equal(open_descriptors(), before);
	host_close(&a);
	host_close(&b);
	bed_end(&bed);
}

/* Looking changes nothing, and stands in nobody's way. */
static void test_leaves_alone(void **state)
{
	const struct bed_kind *kind = *state;
	struct idtntb_port_stats first, last;
	struct idtntb_view *view;
	struct host a, b;
	struct bed bed;
	uint32_t status;

	bed_make(&bed, kind);
	host_open(&a, bed.spec, 0, 0);
	nt_write(&a, 0x420, 0x10);
	host_run(&a);
	status = nt_read(&a, 0x428);
	idtntb_attachment_stats(a.attachment, &first);
	view = view_of(&bed);
	for (unsigned n = 0; n < 300; n++) {
		view_refresh(view);
		assert_int_equal(view_peek(view, GLOBAL(0, 0x428)), 0x10);
	}
	/* A port can be taken and given up meanwhile. */
	host_open(&b, bed.spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	view_refresh(view);
	assert_true(view_member(view, 2).up);
	host_close(&b);
	HOST_UNTIL(!link_up(&a, 1), &a, NULL, NULL);
	view_refresh(view);
	assert_int_equal(view_member(view, 2).owner, 0);
	idtntb_attachment_stats(a.attachment, &last);
	assert_int_equal(last.register_writes, first.register_writes);
	assert_int_equal(nt_read(&a, 0x428), status);
	idtntb_view_close(view);
	host_close(&a);
	bed_end(&bed);
}

/* Eight hosts that ring and write at full speed, two that look at full speed: counts only grow, and everybody gets on. */
static void test_full_speed(void **state)
{
	const struct bed_kind *kind = *state;
	const unsigned ports = kind == &bed_ours || view_remote(kind) ? 2 : 8; /* as that server is started */
	uint64_t writes[IDTNTB_PORTS] = { 0 }, started[IDTNTB_PORTS] = { 0 };
	struct idtntb_view *views[2];
	struct idtntb_topology topology;
	struct crew crew;
	struct bed bed;

	bed_make(&bed, kind);
	assert_int_equal(idtntb_topology_parse(&topology, NULL, ports == 2 ? "2" : "8", NULL, NULL), 0);
	crew_start(&crew, bed.spec, &topology);
	views[0] = view_of(&bed);
	views[1] = view_of(&bed);
	for (unsigned n = 0; n < 1000; n++) {
		struct idtntb_view *view = views[n & 1];

		view_refresh(view);
		for (unsigned slot = 0; slot < ports; slot++) {
			struct idtntb_guest_error error;
			struct idtntb_port_stats stats;

			idtntb_counters_stats(idtntb_view_counters(view, slot), &stats);
			if (!n)
				started[slot] = stats.register_writes;
			assert_true(stats.register_writes >= writes[slot]);
			writes[slot] = stats.register_writes;
			for (unsigned e = 0; idtntb_counters_guest_error(idtntb_view_counters(view, slot), e, &error);
			     e++)
				assert_non_null(strstr(error.text, "INMSG0"));
			assert_true(view_member(view, topology.ports[slot].port).up);
		}
	}
	for (unsigned slot = 0; slot < ports; slot++)
		assert_true(writes[slot] > started[slot]);
	idtntb_view_close(views[0]);
	idtntb_view_close(views[1]);
	crew_stop(&crew);
	bed_end(&bed);
}

/* Whoever can write the memory can write anything there while others look. */
static void test_scribbled(void **state)
{
	const struct bed_kind *kind = *state;
	struct idtntb_error error;
	struct idtntb_view *view;
	struct scribbler scribbler;
	unsigned good = 0;
	struct host a;
	struct bed bed;

	if (kind != &bed_stock)
		skip(); /* the one whose memory the test holds */
	bed_make(&bed, kind);
	host_open(&a, bed.spec, 0, 0);
	view = view_of(&bed);
	scribbler_start(&scribbler, bed.fake.memory);
	for (unsigned n = 0; n < 300; n++) {
		int ret = idtntb_view_refresh(view, &error);

		assert_true(!ret || ret == -ENODEV || ret == -EPROTO);
		good += !ret;
		for (uint32_t address = 0; address < IDTNTB_GAS_SIZE; address += 4)
			view_peek(view, address);
		for (unsigned window = 0; window < IDTNTB_WINDOWS; window++) {
			struct idtntb_window published;

			idtntb_switch_window(idtntb_view_switch(view), 2 * (n & 1), window, &published);
		}
		if (n % 10 == 0)
			idtntb_view_link_force(view, 2, n & 4, &error);
	}
	scribbler_stop(&scribbler);
	print_message("%u of 300 were switches\n", good);
	assert_true(good > 0);
	idtntb_view_close(view);
	host_close(&a);
	bed_end(&bed);
}

int main(int argc, char **argv)
{
	const struct bed_test tests[] = {
		{ .name = "snapshot", .run = test_snapshot },
		{ .name = "leaves alone", .run = test_leaves_alone },
		{ .name = "full speed", .run = test_full_speed },
		{ .name = "scribbled", .run = test_scribbled },
	};

	return bed_run(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
