/* SPDX-License-Identifier: BSD-3-Clause */
/* Switches looked into from outside, over every kind of switch: what is seen, what can be asked, and what is left alone. */
#include "bed.h"
#include "driven.h"

#include <idtntb-view.h>

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define NTSDATA 0x40Cu
#define GLOBAL(port, offset) ((port)*0x2000u + 0x1000u + (offset))

/* A switch in a daemon: it goes with it, and its ports do not need their owners to run. */
static bool is_remote(const struct bed_kind *kind)
{
	return kind == &bed_unix || kind == &bed_tcp;
}

/* What is posted has been done. */
static void settle(struct host *host)
{
	nt_read(host, NTSDATA);
}

static struct idtntb_view *view_of(const struct bed *bed)
{
	struct idtntb_error error = { "" };
	struct idtntb_view *view = NULL;

	if (idtntb_view_open(&view, bed->spec, &error))
		fail_msg("%s: %s", bed->spec, error.text);
	return view;
}

static void refresh(struct idtntb_view *view)
{
	struct idtntb_error error = { "" };

	if (idtntb_view_refresh(view, &error))
		fail_msg("%s", error.text);
}

static uint32_t seen(struct idtntb_view *view, uint32_t address)
{
	return idtntb_switch_peek(idtntb_view_switch(view), address);
}

static struct idtntb_member seen_member(struct idtntb_view *view, unsigned port)
{
	struct idtntb_member owner;

	assert_int_equal(idtntb_switch_member(idtntb_view_switch(view), port, &owner), 0);
	return owner;
}

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
	assert_int_equal(seen_member(view, 0).owner, member(&a, 0).owner);
	assert_true(seen_member(view, 2).up);
	nt_write(&a, NTSDATA, 0xCAFE);
	settle(&a);
	assert_int_equal(seen(view, GLOBAL(0, NTSDATA)), 0);
	refresh(view);
	assert_int_equal(seen(view, GLOBAL(0, NTSDATA)), 0xCAFE);
	assert_int_equal(seen(other, GLOBAL(0, NTSDATA)), 0);
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
	settle(&b);
	hosts_run_for(&a, &b, NULL, 200);
	refresh(view);
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
	if (!is_remote(kind)) {
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
	refresh(view);
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
		refresh(view);
		assert_int_equal(seen(view, GLOBAL(0, 0x428)), 0x10);
	}
	/* A port can be taken and given up meanwhile. */
	host_open(&b, bed.spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	refresh(view);
	assert_true(seen_member(view, 2).up);
	host_close(&b);
	HOST_UNTIL(!link_up(&a, 1), &a, NULL, NULL);
	refresh(view);
	assert_int_equal(seen_member(view, 2).owner, 0);
	idtntb_attachment_stats(a.attachment, &last);
	assert_int_equal(last.register_writes, first.register_writes);
	assert_int_equal(nt_read(&a, 0x428), status);
	idtntb_view_close(view);
	host_close(&a);
	bed_end(&bed);
}

static void test_poke(void **state)
{
	struct idtntb_error error = { "" };
	struct idtntb_view *view;
	struct driven driven = { 0 };
	struct host a, b;
	struct bed bed;
	int64_t start;

	bed_make(&bed, *state);
	host_open(&a, bed.spec, 0, HOST_ACCEPTS_POKES);
	view = view_of(&bed);
	assert_int_equal(idtntb_view_poke(view, 2, NTSDATA, 1, &error), -ENXIO);
	host_open(&b, bed.spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	driven_start(&driven, &a, &b);
	if (idtntb_view_poke(view, 0, NTSDATA, 0xBEEF, &error))
		fail_msg("%s", error.text);
	refresh(view);
	assert_int_equal(seen(view, GLOBAL(0, NTSDATA)), 0xBEEF);
	assert_int_equal(idtntb_view_poke(view, 2, NTSDATA, 1, &error), -EACCES);
	assert_non_null(strstr(error.text, "accepts no pokes"));
	assert_int_equal(idtntb_view_poke(view, 0, 0x004, 0, &error), -EINVAL);
	assert_int_equal(idtntb_view_poke(view, 1, NTSDATA, 0, &error), -EINVAL);
	/* A link taken down and mended is an event to both. */
	assert_int_equal(idtntb_view_link_force(view, 2, true, &error), 0);
	DRIVEN_UNTIL(!driven_link_up(&driven, 1));
	assert_int_equal(idtntb_view_link_force(view, 2, false, &error), 0);
	DRIVEN_UNTIL(driven_link_up(&driven, 1));
	assert_int_equal(idtntb_view_link_force(view, 1, true, &error), -EINVAL);
	driven_stop(&driven);
	/* An owner that does not run. */
	start = now_ms();
	assert_int_equal(idtntb_view_poke(view, 0, NTSDATA, 1, &error), is_remote(bed.kind) ? 0 : -ETIMEDOUT);
	assert_in_range(now_ms() - start, is_remote(bed.kind) ? 0 : 1500, 10000);
	idtntb_view_close(view);
	host_close(&a);
	host_close(&b);
	bed_end(&bed);
}

/* A switch that is gone, and one of the same name that comes after it. */
static void test_gone(void **state)
{
	const struct bed_kind *kind = *state;
	struct idtntb_error error = { "" };
	struct idtntb_topology topology;
	struct idtntb_view *view;
	struct host a;
	struct bed bed;
	int ret;

	bed_make(&bed, kind);
	host_open(&a, bed.spec, 0, 0);
	nt_write(&a, NTSDATA, 0xCAFE);
	settle(&a);
	view = view_of(&bed);
	if (kind->kill_server)
		server_kill(&bed);
	if (kind->kill_server && !is_remote(kind)) {
		/* Nothing that guests do goes through a server. */
		hosts_run_for(&a, NULL, NULL, 100);
		refresh(view);
		assert_true(seen_member(view, 0).up);
	}
	host_close(&a);
	if (kind->kill_server || !kind->processes) {
		int64_t start = now_ms();

		ret = idtntb_view_refresh(view, &error);
		assert_int_equal(ret, -ENODEV);
		assert_true(error.text[0]);
		assert_true(now_ms() - start < 2000);
		assert_int_equal(idtntb_view_poke(view, 0, NTSDATA, 1, &error), -ENODEV);
		assert_int_equal(idtntb_view_link_force(view, 0, true, &error), -ENODEV);
	}
	/* The last snapshot stays. */
	assert_int_equal(seen(view, GLOBAL(0, NTSDATA)), 0xCAFE);
	if (kind->kill_server)
		server_restart(&bed);
	/* Another switch, where that can be: of three ports. */
	assert_int_equal(idtntb_topology_parse(&topology, NULL, kind->processes ? "2" : "3", NULL, NULL), 0);
	if (host_try(&a, bed.spec, 0, &topology, 0, &error))
		fail_msg("%s", error.text);
	nt_write(&a, NTSDATA, 0xF00D);
	settle(&a);
	refresh(view);
	assert_int_equal(seen(view, GLOBAL(0, NTSDATA)), 0xF00D);
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++)
		assert_int_equal(!!idtntb_view_counters(view, slot), slot < topology.port_count);
	if (!kind->processes) {
		/* And one that took its place between two looks. */
		host_close(&a);
		host_open(&a, bed.spec, 0, 0);
		refresh(view);
		assert_null(idtntb_view_counters(view, 2));
	}
	idtntb_view_close(view);
	host_close(&a);
	bed_end(&bed);
}

/* Servers come and go under a view, which goes on, and can still wake the owners. */
static void test_restarts(void **state)
{
	const struct bed_kind *kind = *state;
	struct idtntb_error error = { "" };
	struct driven driven = { 0 };
	struct idtntb_view *view;
	struct host a, b;
	struct bed bed;
	unsigned before;

	if (!kind->kill_server || is_remote(kind))
		skip();
	bed_make(&bed, kind);
	host_open(&a, bed.spec, 0, HOST_ACCEPTS_POKES);
	host_open(&b, bed.spec, 2, HOST_ACCEPTS_POKES);
	view = view_of(&bed);
	before = open_descriptors();
	for (unsigned n = 1; n <= 3; n++) {
		server_kill(&bed);
		refresh(view);
		nt_write(&b, NTSDATA, n);
		refresh(view);
		assert_int_equal(seen(view, GLOBAL(2, NTSDATA)), n);
		server_restart(&bed);
		/* Both find it again: those of a stock server are in other memory then, and so is the view. */
		a.log[0] = b.log[0] = '\0';
		HOST_UNTIL(strstr(a.log, "server is back") && strstr(b.log, "server is back"), &a, &b, NULL);
		HOST_UNTIL(member(&a, 1).up && member(&b, 0).up, &a, &b, NULL);
		refresh(view);
		assert_true(seen_member(view, 0).up && seen_member(view, 2).up);
		driven_start(&driven, &a, &b);
		if (idtntb_view_poke(view, 0, NTSDATA, 0x100 + n, &error))
			fail_msg("%s", error.text);
		driven_stop(&driven);
		refresh(view);
		assert_int_equal(seen(view, GLOBAL(0, NTSDATA)), 0x100 + n);
		assert_int_equal(seen(view, GLOBAL(2, NTSDATA)), n);
	}
	/* What servers have given is not piled up: an eventfd of each host's for each server, at most. */
	assert_true(open_descriptors() <= before + 2 * 3 * 3);
	idtntb_view_close(view);
	host_close(&a);
	host_close(&b);
	bed_end(&bed);
}

/* A daemon goes with its switch. A new one gets the ports back from their hosts, and those who look find it. */
static void test_daemon_restarts(void **state)
{
	const struct bed_kind *kind = *state;
	struct idtntb_error error = { "" };
	struct idtntb_view *view;
	struct host a, b;
	struct bed bed;

	if (!is_remote(kind))
		skip();
	bed_make(&bed, kind);
	host_open(&a, bed.spec, 0, HOST_ACCEPTS_POKES);
	host_open(&b, bed.spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	nt_write(&a, NTSDATA, 0xCAFE);
	settle(&a);
	view = view_of(&bed);
	server_kill(&bed);
	assert_int_equal(idtntb_view_refresh(view, &error), -ENODEV);
	assert_int_equal(idtntb_view_poke(view, 0, NTSDATA, 1, &error), -ENODEV);
	HOST_UNTIL(!link_up(&a, 1), &a, &b, NULL);
	server_restart(&bed);
	HOST_UNTIL(link_up(&a, 1) && link_up(&b, 0), &a, &b, NULL);
	settle(&a);
	refresh(view);
	assert_int_equal(seen(view, GLOBAL(0, NTSDATA)), 0xCAFE);
	/* Consent is given again, by who gave it. */
	assert_int_equal(idtntb_view_poke(view, 0, NTSDATA, 0xBEEF, &error), 0);
	assert_int_equal(nt_read(&a, NTSDATA), 0xBEEF);
	assert_int_equal(idtntb_view_poke(view, 2, NTSDATA, 0xBEEF, &error), -EACCES);
	idtntb_view_close(view);
	host_close(&a);
	host_close(&b);
	bed_end(&bed);
}

static void *save(struct idtntb_view *view)
{
	void *image = malloc(idtntb_save_size());

	assert_int_equal(idtntb_switch_save(idtntb_view_switch(view), image, idtntb_save_size()), 0);
	return image;
}

/* Loading needs a switch that is there, and on which nobody is. */
static void test_load(void **state)
{
	const struct bed_kind *kind = *state;
	const size_t size = idtntb_save_size();
	struct idtntb_error error = { "" };
	struct idtntb_view *view;
	struct host a;
	struct bed bed;
	void *image;

	bed_make(&bed, kind);
	host_open(&a, bed.spec, 0, 0);
	nt_write(&a, 0x4D0, 40);
	nt_write(&a, 0x4D8, 0x3);
	settle(&a);
	view = view_of(&bed);
	image = save(view);
	assert_int_equal(idtntb_view_load(view, image, size, &error), -EBUSY);
	nt_write(&a, 0x4D8, 0);
	settle(&a);
	refresh(view);
	assert_int_equal(idtntb_switch_mapping(idtntb_view_switch(view), 40), 0);
	host_close(&a);
	if (kind->processes) {
		/* A daemon has to hear of it first. */
		for (int64_t until = now_ms() + PATIENCE_MS; seen_member(view, 0).owner && now_ms() < until;)
			refresh(view);
		assert_int_equal(idtntb_view_load(view, image, size - 1, &error), -EINVAL);
		if (idtntb_view_load(view, image, size, &error))
			fail_msg("%s", error.text);
		refresh(view);
		assert_int_equal(idtntb_switch_mapping(idtntb_view_switch(view), 40), 0x3);
		assert_int_equal(seen_member(view, 0).owner, 0);
		/* It is a switch like any other. */
		host_open(&a, bed.spec, 0, 0);
		assert_int_equal(nt_read(&a, 0x404) & 1, 0);
		nt_write(&a, 0x4D0, 40);
		assert_int_equal(nt_read(&a, 0x4D8), 0x3);
		host_close(&a);
	} else {
		assert_int_equal(idtntb_view_load(view, image, size, &error), -ENODEV);
	}
	idtntb_view_close(view);
	free(image);
	bed_end(&bed);
}

/* One of another topology is refused, and nothing has happened. */
static void test_load_another(void **state)
{
	const struct bed_kind *kind = *state;
	struct idtntb_error error = { "" };
	struct idtntb_topology topology;
	struct idtntb_view *view;
	struct idtntb_switch *sw;
	struct host a;
	struct bed bed;
	void *block = aligned_alloc(64, (idtntb_block_size() + 63) / 64 * 64), *image = malloc(idtntb_save_size());

	if (!kind->processes) {
		free(block);
		free(image);
		skip();
	}
	assert_int_equal(idtntb_topology_parse(&topology, NULL, "3", NULL, &error), 0);
	assert_int_equal(idtntb_block_format(block, idtntb_block_size(), &topology, &error), 0);
	assert_int_equal(idtntb_switch_open(&sw, block, idtntb_block_size(), &error), 0);
	assert_int_equal(idtntb_switch_save(sw, image, idtntb_save_size()), 0);
	bed_make(&bed, kind);
	host_open(&a, bed.spec, 0, 0);
	host_close(&a);
	view = view_of(&bed);
	assert_int_equal(idtntb_view_load(view, image, idtntb_save_size(), &error), -EINVAL);
	refresh(view);
	assert_int_equal(idtntb_switch_topology(idtntb_view_switch(view))->port_count, 2);
	idtntb_view_close(view);
	idtntb_switch_close(sw);
	free(block);
	free(image);
	bed_end(&bed);
}

/* Eight hosts that ring and write at full speed, two that look at full speed: counts only grow, and everybody gets on. */
static void test_full_speed(void **state)
{
	const struct bed_kind *kind = *state;
	const unsigned ports = kind == &bed_ours || is_remote(kind) ? 2 : 8; /* as that server is started */
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

		refresh(view);
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
			assert_true(seen_member(view, topology.ports[slot].port).up);
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
			seen(view, address);
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
		{ .name = "poke", .run = test_poke },
		{ .name = "gone", .run = test_gone },
		{ .name = "restarts", .run = test_restarts },
		{ .name = "daemon restarts", .run = test_daemon_restarts },
		{ .name = "load", .run = test_load },
		{ .name = "load another", .run = test_load_another },
		{ .name = "full speed", .run = test_full_speed },
		{ .name = "scribbled", .run = test_scribbled },
	};

	return bed_run(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
