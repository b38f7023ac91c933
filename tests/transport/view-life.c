/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Switches looked into from outside, over every kind of switch: what can be asked for, and switches that go and come.
 */
#include "driven.h"
#include "looking.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static void test_poke(void **state)
{
	struct idtntb_error error = { "" };
	struct idtntb_view *view;
	const struct idtntb_switch *snapshot;
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
	view_refresh(view);
	snapshot = idtntb_view_switch(view);
	if (idtntb_view_poke(view, 0, NTSDATA, 0xBEEF, &error))
		fail_msg("%s", error.text);
	/* A snapshot stays until another one is asked for. */
	assert_int_equal(idtntb_view_link_force(view, 1, true, &error), -EINVAL);
	assert_ptr_equal(idtntb_view_switch(view), snapshot);
	assert_int_equal(idtntb_switch_peek(snapshot, GLOBAL(0, NTSDATA)), 0);
	view_refresh(view);
	assert_int_equal(view_peek(view, GLOBAL(0, NTSDATA)), 0xBEEF);
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
	assert_int_equal(idtntb_view_poke(view, 0, NTSDATA, 1, &error), view_remote(bed.kind) ? 0 : -ETIMEDOUT);
	assert_in_range(now_ms() - start, view_remote(bed.kind) ? 0 : 1500, 10000);
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
	view_settle(&a);
	view = view_of(&bed);
	if (kind->kill_server)
		server_kill(&bed);
	if (kind->kill_server && !view_remote(kind)) {
		/* Nothing that guests do goes through a server. */
		hosts_run_for(&a, NULL, NULL, 100);
		view_refresh(view);
		assert_true(view_member(view, 0).up);
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
	assert_int_equal(view_peek(view, GLOBAL(0, NTSDATA)), 0xCAFE);
	if (kind->kill_server)
		server_restart(&bed);
	/* Another switch, where that can be: of three ports. */
	assert_int_equal(idtntb_topology_parse(&topology, NULL, kind->processes ? "2" : "3", NULL, NULL), 0);
	if (host_try(&a, bed.spec, 0, &topology, 0, &error))
		fail_msg("%s", error.text);
	nt_write(&a, NTSDATA, 0xF00D);
	view_settle(&a);
	view_refresh(view);
	assert_int_equal(view_peek(view, GLOBAL(0, NTSDATA)), 0xF00D);
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++)
		assert_int_equal(!!idtntb_view_counters(view, slot), slot < topology.port_count);
	if (!kind->processes) {
		/* And one that took its place between two looks. */
		host_close(&a);
		host_open(&a, bed.spec, 0, 0);
		view_refresh(view);
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

	if (!kind->kill_server || view_remote(kind))
		skip();
	bed_make(&bed, kind);
	host_open(&a, bed.spec, 0, HOST_ACCEPTS_POKES);
	host_open(&b, bed.spec, 2, HOST_ACCEPTS_POKES);
	view = view_of(&bed);
	before = open_descriptors();
	for (unsigned n = 1; n <= 3; n++) {
		server_kill(&bed);
		view_refresh(view);
		nt_write(&b, NTSDATA, n);
		view_refresh(view);
		assert_int_equal(view_peek(view, GLOBAL(2, NTSDATA)), n);
		server_restart(&bed);
		/* Both find it again: those of a stock server are in other memory then, and so is the view. */
		a.log[0] = b.log[0] = '\0';
		HOST_UNTIL(strstr(a.log, "server is back") && strstr(b.log, "server is back"), &a, &b, NULL);
		HOST_UNTIL(member(&a, 1).up && member(&b, 0).up, &a, &b, NULL);
		view_refresh(view);
		assert_true(view_member(view, 0).up && view_member(view, 2).up);
		driven_start(&driven, &a, &b);
		if (idtntb_view_poke(view, 0, NTSDATA, 0x100 + n, &error))
			fail_msg("%s", error.text);
		driven_stop(&driven);
		view_refresh(view);
		assert_int_equal(view_peek(view, GLOBAL(0, NTSDATA)), 0x100 + n);
		assert_int_equal(view_peek(view, GLOBAL(2, NTSDATA)), n);
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

	if (!view_remote(kind))
		skip();
	bed_make(&bed, kind);
	host_open(&a, bed.spec, 0, HOST_ACCEPTS_POKES);
	host_open(&b, bed.spec, 2, 0);
	HOST_UNTIL(link_up(&a, 1), &a, &b, NULL);
	nt_write(&a, NTSDATA, 0xCAFE);
	view_settle(&a);
	view = view_of(&bed);
	server_kill(&bed);
	assert_int_equal(idtntb_view_refresh(view, &error), -ENODEV);
	assert_int_equal(idtntb_view_poke(view, 0, NTSDATA, 1, &error), -ENODEV);
	HOST_UNTIL(!link_up(&a, 1), &a, &b, NULL);
	server_restart(&bed);
	HOST_UNTIL(link_up(&a, 1) && link_up(&b, 0), &a, &b, NULL);
	view_settle(&a);
	view_refresh(view);
	assert_int_equal(view_peek(view, GLOBAL(0, NTSDATA)), 0xCAFE);
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
	view_settle(&a);
	view = view_of(&bed);
	image = save(view);
	assert_int_equal(idtntb_view_load(view, image, size, &error), -EBUSY);
	nt_write(&a, 0x4D8, 0);
	view_settle(&a);
	view_refresh(view);
	assert_int_equal(idtntb_switch_mapping(idtntb_view_switch(view), 40), 0);
	host_close(&a);
	if (kind->processes) {
		/* A daemon has to hear of it first. */
		for (int64_t until = now_ms() + PATIENCE_MS; view_member(view, 0).owner && now_ms() < until;)
			view_refresh(view);
		assert_int_equal(idtntb_view_load(view, image, size - 1, &error), -EINVAL);
		if (idtntb_view_load(view, image, size, &error))
			fail_msg("%s", error.text);
		view_refresh(view);
		assert_int_equal(idtntb_switch_mapping(idtntb_view_switch(view), 40), 0x3);
		assert_int_equal(view_member(view, 0).owner, 0);
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
	view_refresh(view);
	assert_int_equal(idtntb_switch_topology(idtntb_view_switch(view))->port_count, 2);
	idtntb_view_close(view);
	idtntb_switch_close(sw);
	free(block);
	free(image);
	bed_end(&bed);
}

int main(int argc, char **argv)
{
	const struct bed_test tests[] = {
		{ .name = "poke", .run = test_poke },
		{ .name = "gone", .run = test_gone },
		{ .name = "restarts", .run = test_restarts },
		{ .name = "daemon restarts", .run = test_daemon_restarts },
		{ .name = "load", .run = test_load },
		{ .name = "load another", .run = test_load_another },
	};

	return bed_run(argc, argv, tests, sizeof(tests) / sizeof(tests[0]));
}
