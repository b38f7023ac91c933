/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Looking into the switch of a daemon: a client that says hello and takes no port. A connection that is not used for long is
 * dropped by the daemon, and made again when it is wanted.
 */
#include "talk.h"

#include "../common/error.h"
#include "../common/futex.h"
#include "../common/transport.h"
#include "../common/view.h"
#include "address.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECT_MS 3000
#define ANSWER_TIME (3000 * NTB_MS)

struct watch {
	struct ntb_address address;
	char text[96]; /* the same, as it was given */
	int fd; /* or -1 */
	struct ntb_inbox inbox;
	uint32_t tag;
};

static void hang_up(struct watch *watch)
{
	if (watch->fd >= 0)
		close(watch->fd);
	watch->fd = -1;
	ntb_inbox_destroy(&watch->inbox);
}

static int ring_up(struct watch *watch, struct idtntb_error *error)
{
	struct wire_welcome welcome;
	int ret;

	if (watch->fd >= 0)
		return 0;
	watch->fd = ntb_address_connect(&watch->address, CONNECT_MS, error);
	if (watch->fd < 0) {
		ret = watch->fd;
		watch->fd = -1;
		return ret;
	}
	ret = ntb_inbox_init(&watch->inbox) ? ntb_fail(error, -ENOMEM, "no memory for a view") : 0;
	if (!ret)
		ret = ntb_talk_greet(watch->fd, &watch->inbox, 0, &welcome, error);
	if (ret)
		hang_up(watch);
	return ret;
}

static int watch_open(struct idtntb_view *view, const char *where, struct idtntb_error *error)
{
	struct watch *watch = calloc(1, sizeof(*watch));
	int ret;

	if (!watch)
		return ntb_fail(error, -ENOMEM, "no memory for a view");
	view->state = watch;
	watch->fd = -1;
	strncpy(watch->text, where, sizeof(watch->text) - 1);
	ret = ntb_address_parse(&watch->address, where, false, error);
	return ret ? ret : ring_up(watch, error);
}

static void watch_close(struct idtntb_view *view)
{
	struct watch *watch = view->state;

	if (!watch)
		return;
	hang_up(watch);
	free(watch);
}

/* ---------------------------------------------------------------- the snapshot */

/* The pieces of an answer, one after the other, into two places. */
static int take_pieces(struct watch *watch, uint8_t *image, size_t image_size, uint8_t *counters, size_t counters_size,
		       struct idtntb_error *error)
{
	const int64_t deadline = ntb_now() + ANSWER_TIME;
	size_t have = 0, whole = image_size + counters_size;

	while (have < whole) {
		const struct wire_frame *frame;
		const struct wire_data *data;
		const uint8_t *from;
		size_t left, part;
		int ret = ntb_talk_await(watch->fd, &watch->inbox, WIRE_DATA_FRAME, deadline, &frame, error);

		if (ret)
			return ret;
		data = ntb_wire_body(frame);
		from = (const uint8_t *)(data + 1);
		left = data->size;
		if (data->tag != watch->tag || !left || left > whole - have)
			return ntb_fail(error, -EPROTO, "the daemon's snapshot is of another size than it said");
		part = have < image_size ? image_size - have : 0;
		part = part < left ? part : left;
		memcpy(image + have, from, part);
		if (left > part)
			memcpy(counters + (have + part - image_size), from + part, left - part);
		have += left;
	}
	return 0;
}

static int take_snapshot(struct watch *watch, void *image, size_t *size, void *counters, uint32_t *counted,
			 struct idtntb_error *error)
{
	const struct wire_sync look = { .tag = ++watch->tag };
	const struct wire_snapshot *snapshot;
	const struct wire_frame *frame;
	uint32_t ports;
	int ret = ntb_talk_send(watch->fd, WIRE_LOOK, &look, sizeof(look), NULL, 0);

	if (ret)
		return ntb_fail(error, ret, "the daemon hangs up");
	ret = ntb_talk_await(watch->fd, &watch->inbox, WIRE_SNAPSHOT, ntb_now() + ANSWER_TIME, &frame, error);
	if (ret)
		return ret;
	snapshot = ntb_wire_body(frame);
	ports = snapshot->ports;
	if (snapshot->tag != watch->tag || snapshot->image != *size || snapshot->counters != idtntb_counters_size() ||
	    !ports || ports > IDTNTB_PORTS)
		return ntb_fail(
			error, -EPROTO,
			"the daemon's switch has a state of %u bytes and counters of %u, this program's %zu and "
			"%zu: use programs of one version",
			snapshot->image, snapshot->counters, *size, idtntb_counters_size());
	ret = take_pieces(watch, image, *size, counters, ports * idtntb_counters_size(), error);
	*counted = (1u << ports) - 1;
	return ret;
}

/* A daemon that is not to be reached is a switch that is gone, as far as can be seen from here. */
static int gone(struct watch *watch, struct idtntb_error *error)
{
	return ntb_fail(error, -ENODEV, "the switch is gone: nobody answers at %s", watch->text);
}

static int watch_snapshot(struct idtntb_view *view, void *image, size_t *size, void *counters, uint32_t *counted,
			  struct idtntb_error *error)
{
	struct watch *watch = view->state;
	const bool fresh = watch->fd < 0;
	int ret = ring_up(watch, error);

	if (ret)
		return view->sw ? gone(watch, error) : ret;
	ret = take_snapshot(watch, image, size, counters, counted, error);
	if (!ret)
		return 0;
	hang_up(watch);
	/* It may have been dropped since the last time. */
	if (!fresh && !ring_up(watch, error)) {
		ret = take_snapshot(watch, image, size, counters, counted, error);
		if (ret)
			hang_up(watch);
		return ret;
	}
	return view->sw ? gone(watch, error) : ret;
}

/* ---------------------------------------------------------------- orders */

static int give_order(struct watch *watch, struct wire_order *order, struct idtntb_error *error)
{
	const int64_t deadline = ntb_now() + ANSWER_TIME;
	const struct wire_ordered *ordered;
	const struct wire_frame *frame;
	char line[WIRE_TEXT + 1];
	int ret;

	order->tag = ++watch->tag;
	ret = ntb_talk_send(watch->fd, WIRE_ORDER, order, sizeof(*order), NULL, 0);
	if (!ret)
		ret = ntb_talk_await(watch->fd, &watch->inbox, WIRE_ORDERED, deadline, &frame, error);
	if (ret) {
		hang_up(watch);
		return gone(watch, error);
	}
	ordered = ntb_wire_body(frame);
	if (ordered->tag == watch->tag && !ordered->error)
		return 0;
	ret = ordered->error < 0 && ordered->error > -4096 ? ordered->error : -EPROTO;
	return ntb_fail(error, ret, "%s", ntb_talk_line(line, ordered + 1, ordered->size));
}

/* A connection that works now: what was dropped meanwhile is only found out by a question. The view's own snapshot stays. */
static int reach(struct idtntb_view *view, struct idtntb_error *error)
{
	size_t size = idtntb_save_size();
	uint32_t counted;

	return watch_snapshot(view, view->image, &size, view->next_counters, &counted, error);
}

static int watch_poke(struct idtntb_view *view, unsigned port, uint32_t offset, uint32_t value,
		      struct idtntb_error *error)
{
	struct wire_order order = { .what = WIRE_ORDER_POKE, .port = port, .offset = offset, .value = value };
	int ret = reach(view, error);

	return ret ? ret : give_order(view->state, &order, error);
}

static int watch_link_force(struct idtntb_view *view, unsigned port, bool down, struct idtntb_error *error)
{
	struct wire_order order = { .what = WIRE_ORDER_FORCE, .port = port, .value = down };
	int ret = reach(view, error);

	return ret ? ret : give_order(view->state, &order, error);
}

static int watch_load(struct idtntb_view *view, const void *image, size_t size, struct idtntb_error *error)
{
	struct wire_order order = { .what = WIRE_ORDER_LOAD };
	struct watch *watch = view->state;
	int ret = reach(view, error);

	/* More than a saved state has is no part of it. */
	if (size > idtntb_save_size())
		size = idtntb_save_size();
	for (size_t at = 0; !ret && at < size; at += WIRE_DATA) {
		const size_t part = size - at < WIRE_DATA ? size - at : WIRE_DATA;
		const struct wire_image piece = { .at = (uint32_t)at, .size = (uint32_t)part };

		if (ntb_talk_send(watch->fd, WIRE_IMAGE, &piece, sizeof(piece), (const char *)image + at, part)) {
			hang_up(watch);
			return gone(watch, error);
		}
	}
	return ret ? ret : give_order(watch, &order, error);
}

const struct ntb_view_ops ntb_uring_view_ops = {
	.open = watch_open,
	.close = watch_close,
	.snapshot = watch_snapshot,
	.poke = watch_poke,
	.link_force = watch_link_force,
	.load = watch_load,
};
