/* SPDX-License-Identifier: BSD-3-Clause */
/* Attaching and detaching: from the string that names a switch to a port handle. */
#include "error.h"
#include "spec.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

static int check_ops(const struct idtntb_frontend_ops *ops, struct idtntb_error *error)
{
	if (!ops || ops->size < offsetof(struct idtntb_frontend_ops, window_map))
		return ntb_fail(error, -EINVAL, "frontend callbacks: size is not that of the structure");
	if (!ops->msi || !ops->intx)
		return ntb_fail(error, -EINVAL, "frontend callbacks: %s is missing, it is not optional",
				ops->msi ? "intx" : "msi");
	if (ops->size >= offsetof(struct idtntb_frontend_ops, waiting) && !ops->memory_read != !ops->memory_write)
		return ntb_fail(error, -EINVAL, "frontend callbacks: memory_read and memory_write go together");
	return 0;
}

static int make(struct idtntb_attachment **made, const struct idtntb_attach_options *options,
		const struct idtntb_frontend_ops *ops, void *opaque, struct idtntb_error *error)
{
	struct idtntb_attachment *a = calloc(1, sizeof(*a));
	int ret = 0;

	if (!a)
		return ntb_fail(error, -ENOMEM, "no memory for an attachment");
	memcpy(&a->ops, ops, ops->size < sizeof(a->ops) ? ops->size : sizeof(a->ops));
	a->opaque = opaque;
	a->log_level = options->log_level;
	a->unsealed_ram = options->unsealed_ram;
	a->accept_poke = options->accept_poke;
	a->port_number = options->port;
	ntb_ram_init(&a->ram, &a->ops, a->opaque);
	ntb_copy_init(&a->copy, &a->ram, &ntb_copy_ops, a);
	while (!a->owner && !ret)
		ret = getrandom(&a->owner, sizeof(a->owner), 0) == sizeof(a->owner) ? 0 : -errno;
	a->epoll = epoll_create1(EPOLL_CLOEXEC);
	a->self = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (!ret && (a->epoll < 0 || a->self < 0))
		ret = -errno;
	if (!ret)
		ret = ntb_watch(a, a->self, EPOLLIN, NTB_TAG_SELF);
	*made = a;
	return ret ? ntb_fail(error, ret, "descriptors of an attachment: %s", strerror(-ret)) : 0;
}

int ntb_open_switch(struct idtntb_switch **sw, void *memory, size_t size, struct idtntb_error *error)
{
	size_t needed;
	int ret;

	*sw = NULL;
	if (size < ntb_layout_size(1))
		return ntb_fail(error, -ENOSPC, "shared memory has %zu bytes: a switch needs at least %zu", size,
				ntb_layout_size(1));
	ret = idtntb_switch_open(sw, memory, size, error);
	if (ret)
		return ret;
	needed = ntb_layout_size(idtntb_switch_topology(*sw)->port_count);
	if (size >= needed)
		return 0;
	ret = ntb_fail(error, -ENOSPC, "shared memory has %zu bytes: a switch of %u ports needs at least %zu", size,
		       idtntb_switch_topology(*sw)->port_count, needed);
	idtntb_switch_close(*sw);
	*sw = NULL;
	return ret;
}

/* Open the block, if it is the switch that is asked for. */
static int open_switch(struct idtntb_attachment *a, const struct idtntb_attach_options *options,
		       struct idtntb_error *error)
{
	struct idtntb_error what;
	int ret = ntb_open_switch(&a->sw, a->memory, a->memory_size, &what);

	if (!ret && options->topology)
		ret = idtntb_topology_compare(options->topology, idtntb_switch_topology(a->sw), &what);
	if ((ret == -EINVAL || ret == -EPROTO) && a->transport->renewal)
		return ntb_fail(error, ret, "%.140s; %s", what.text, a->transport->renewal);
	return ret ? ntb_fail(error, ret, "%s", what.text) : 0;
}

/* Open the block and find the port in it. */
static int find_port(struct idtntb_attachment *a, const struct idtntb_attach_options *options,
		     struct idtntb_error *error)
{
	const struct idtntb_topology *topology;
	char ports[64];
	int ret = open_switch(a, options, error), slot;

	if (ret)
		return ret;
	topology = idtntb_switch_topology(a->sw);
	slot = idtntb_switch_slot(a->sw, options->port);
	if (slot < 0)
		return ntb_fail(error, -EINVAL, "port %u is no NT port of this %s: %s are", options->port,
				topology->chip->name, ntb_topology_ports(topology, UINT32_MAX, ports, sizeof(ports)));
	a->slot = (unsigned)slot;
	return 0;
}

static int join(struct idtntb_attachment *a, struct idtntb_error *error)
{
	const unsigned ports = idtntb_switch_topology(a->sw)->port_count;
	const struct ntb_remote *remote = a->transport->remote;
	int ret = a->transport->claim(a, error);

	if (ret)
		return ret;
	if (!remote)
		ret = ntb_copy_start(&a->copy, a->memory, ports, a->slot);
	if (ret)
		return ntb_fail(error, ret, "thread that serves copies: %s", strerror(-ret));
	ret = idtntb_port_attach(&a->port, a->sw, a->port_number, a->owner, remote ? remote->shadow_ops : &ntb_port_ops,
				 a, error);
	if (ret)
		return ret;
	idtntb_port_log_set(a->port, a->log_level);
	idtntb_port_counters_set(a->port, ntb_layout_counters(a->memory, ports, a->slot));
	idtntb_port_poke_allow(a->port, a->accept_poke);
	ret = a->transport->joined(a, error);
	if (!ret)
		ntb_windows_update_all(a);
	return ret;
}

int idtntb_attach(struct idtntb_attachment **attachment, const struct idtntb_attach_options *options,
		  const struct idtntb_frontend_ops *ops, void *opaque, struct idtntb_error *error)
{
	const struct ntb_transport *transport = NULL;
	struct idtntb_attachment *a = NULL;
	const char *where = NULL;
	int ret;

	*attachment = NULL;
	ret = ntb_spec_parse(options->spec, NTB_TO_ATTACH, &transport, &where, error);
	if (!ret)
		ret = check_ops(ops, error);
	if (!ret)
		ret = make(&a, options, ops, opaque, error);
	if (!ret) {
		a->transport = transport;
		ret = transport->open(a, where, options, error);
	}
	if (!ret)
		ret = find_port(a, options, error);
	if (!ret)
		ret = join(a, error);
	if (ret) {
		idtntb_detach(a);
		return ret;
	}
	*attachment = a;
	return 0;
}

void idtntb_detach(struct idtntb_attachment *a)
{
	if (!a)
		return;
	ntb_windows_unmap_all(a);
	a->ops.window_map = NULL;
	/* The handle stays set while it is detached: its last kicks must go out. */
	idtntb_port_detach(a->port);
	a->port = NULL;
	ntb_copy_stop(&a->copy);
	idtntb_switch_close(a->sw);
	if (a->transport)
		a->transport->close(a);
	for (unsigned slot = 0; slot < IDTNTB_PORTS; slot++)
		ntb_offer_drop(&a->offers[slot]);
	ntb_ram_destroy(&a->ram);
	if (a->self >= 0)
		close(a->self);
	if (a->epoll >= 0)
		close(a->epoll);
	free(a);
}

int ntb_attachment_move(struct idtntb_attachment *a, struct idtntb_switch *sw, void *memory, size_t size,
			struct idtntb_error *error)
{
	const unsigned ports = idtntb_switch_topology(sw)->port_count;
	struct idtntb_switch *old = a->sw;
	int ret;

	ret = idtntb_topology_compare(idtntb_switch_topology(old), idtntb_switch_topology(sw), error);
	if (ret)
		return ret;
	ntb_copy_drain(&a->copy);
	ntb_copy_stop(&a->copy);
	ret = ntb_copy_start(&a->copy, memory, ports, a->slot);
	if (!ret) {
		a->sw = sw;
		ret = idtntb_port_move(a->port, sw, error);
		if (ret) {
			a->sw = old;
			ntb_copy_stop(&a->copy);
		}
	} else {
		ntb_fail(error, ret, "thread that serves copies: %s", strerror(-ret));
	}
	if (ret) {
		/* The memory it was in is still there, and so is everything that was needed to serve it. */
		if (ntb_copy_start(&a->copy, a->memory, ports, a->slot))
			ntb_log(a, IDTNTB_LOG_ERROR, "peers cannot copy to and from this host any more: no thread");
		return ret;
	}
	idtntb_port_counters_set(a->port, ntb_layout_counters(memory, ports, a->slot));
	idtntb_switch_close(old);
	a->memory = memory;
	a->memory_size = size;
	return 0;
}
