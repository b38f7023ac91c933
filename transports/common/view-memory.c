/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Views of a switch whose memory this process can see. The memory is held for the time of a copy only; what is copied is
 * words, each by itself, and nobody who writes them meanwhile notices.
 */
#include "error.h"
#include "futex.h"
#include "layout.h"
#include "transport.h"
#include "view.h"

#include <errno.h>
#include <time.h>

#define POKE_TIME (2000 * NTB_MS)
#define POKE_KICK (100 * NTB_MS) /* again, should the first kick have gone to an eventfd of a server that is gone */
#define POKE_PAUSE_FIRST (NTB_MS / 10)
#define POKE_PAUSE_LAST (5 * NTB_MS)

void ntb_view_memory_forget(struct idtntb_view *view)
{
	idtntb_switch_close(view->live);
	view->live = NULL;
}

/* Hold the memory and have its switch in view->live. */
static int hold(struct idtntb_view *view, void **memory, struct idtntb_error *error)
{
	const struct ntb_view_memory_ops *ops = view->ops->memory;
	size_t size;
	int ret = ops->hold(view, memory, &size, error);

	if (ret)
		return ret;
	if (!idtntb_block_ready(*memory, size))
		ret = ntb_fail(error, -EAGAIN, "there is no finished switch");
	else if (!view->live)
		ret = ntb_open_switch(&view->live, *memory, size, error);
	/* It was, a moment ago. */
	if (ret == -EINVAL)
		ret = -EAGAIN;
	if (ret)
		ops->release(view);
	return ret;
}

/* Word by word, ascending: see struct error_record in the core. */
static void copy_counters(void *to, const void *from)
{
	const _Atomic uint64_t *words = from;
	uint64_t *copy = to;

	for (size_t w = 0; w < idtntb_counters_size() / 8; w++)
		copy[w] = atomic_load_explicit(&words[w], memory_order_acquire);
}

int ntb_view_memory_snapshot(struct idtntb_view *view, void *image, size_t *size, void *counters, uint32_t *counted,
			     struct idtntb_error *error)
{
	unsigned ports;
	void *memory;
	int ret = hold(view, &memory, error);

	if (ret)
		return ret;
	ports = idtntb_switch_topology(view->live)->port_count;
	idtntb_switch_save(view->live, image, *size);
	for (unsigned slot = 0; slot < ports; slot++)
		copy_counters((char *)counters + slot * idtntb_counters_size(),
			      ntb_layout_counters(memory, ports, slot));
	*counted = (1u << ports) - 1;
	view->ops->memory->release(view);
	return 0;
}

static int poke_result(struct idtntb_view *view, unsigned port, uint32_t ticket, bool kick, struct idtntb_error *error)
{
	void *memory;
	int ret = hold(view, &memory, error);

	if (ret)
		return ret;
	ret = idtntb_switch_poke_result(view->live, port, ticket);
	if (ret == -EAGAIN && kick)
		view->ops->memory->kick(view, 1u << idtntb_switch_slot(view->live, port));
	view->ops->memory->release(view);
	switch (ret) {
	case -EACCES:
		return ntb_fail(
			error, ret,
			"the owner of port %u accepts no pokes: its user allows them with poke=on (QEMU) or --poke "
			"(idtntb-vfio-user)",
			port);
	case -ESTALE:
		return ntb_fail(error, ret, "somebody else poked port %u at the same time: look, and try again", port);
	case -ENXIO:
		return ntb_fail(error, ret, "the owner of port %u is gone", port);
	default:
		return ret;
	}
}

int ntb_view_memory_poke(struct idtntb_view *view, unsigned port, uint32_t offset, uint32_t value,
			 struct idtntb_error *error)
{
	const int64_t start = ntb_now();
	int64_t kicked = start, pause = POKE_PAUSE_FIRST;
	uint32_t ticket;
	void *memory;
	int ret = hold(view, &memory, error);

	if (ret)
		return ret == -EAGAIN ? -ENODEV : ret;
	ret = idtntb_switch_poke_post(view->live, port, offset, value, &ticket, error);
	if (!ret)
		view->ops->memory->kick(view, 1u << idtntb_switch_slot(view->live, port));
	view->ops->memory->release(view);
	if (ret)
		return ret;
	while ((ret = poke_result(view, port, ticket, ntb_now() - kicked >= POKE_KICK, error)) == -EAGAIN) {
		const struct timespec time = { .tv_nsec = pause };
		const int64_t now = ntb_now();

		if (now - start >= POKE_TIME)
			return ntb_fail(error, -ETIMEDOUT, "the owner of port %u has not answered: is it stopped?",
					port);
		if (now - kicked >= POKE_KICK)
			kicked = now;
		nanosleep(&time, NULL);
		pause = pause * 2 < POKE_PAUSE_LAST ? pause * 2 : POKE_PAUSE_LAST;
	}
	return ret;
}

int ntb_view_memory_link_force(struct idtntb_view *view, unsigned port, bool down, struct idtntb_error *error)
{
	void *memory;
	int ret = hold(view, &memory, error);

	if (ret)
		return ret == -EAGAIN ? -ENODEV : ret;
	ret = idtntb_switch_link_force(view->live, port, down);
	if (ret)
		ntb_fail(error, ret, "port %u is no NT port of this switch", port);
	else
		view->ops->memory->kick(view, (1u << idtntb_switch_topology(view->live)->port_count) - 1);
	view->ops->memory->release(view);
	return ret;
}

/* Whether a saved state is of the switch that is there. */
static int compare(const struct idtntb_switch *live, const void *image, size_t size, struct idtntb_error *error)
{
	struct idtntb_switch *saved;
	int ret = idtntb_switch_open_image(&saved, image, size, error);

	if (ret)
		return ret;
	ret = idtntb_topology_compare(idtntb_switch_topology(saved), idtntb_switch_topology(live), error);
	idtntb_switch_close(saved);
	return ret;
}

int ntb_view_memory_load(struct idtntb_view *view, const void *image, size_t size, struct idtntb_error *error)
{
	const struct ntb_view_memory_ops *ops = view->ops->memory;
	void *memory;
	int ret = hold(view, &memory, error);

	if (ret)
		return ret == -EAGAIN ? -ENODEV : ret;
	ret = compare(view->live, image, size, error);
	if (!ret)
		ret = ops->lock(view, error);
	if (!ret) {
		ret = idtntb_block_load(memory, idtntb_block_size(), image, size, error);
		ops->unlock(view);
	}
	ops->release(view);
	return ret;
}
